// Downloads a file that an index of Python packages lists: node download.mjs INDEX PROJECT FILE OUTPUT. Run as a program
// of its own, since everything else here waits for what it starts.
import { writeFileSync } from "node:fs";

/** Longest time for the list and for the file, in milliseconds. */
const patience = 180_000;

const [index = "", project = "", name = "", output = ""] = process.argv.slice(2);

const list = await answer(`${index.replace(/\/$/, "")}/${project}/`, "application/vnd.pypi.simple.v1+json");
const { files } = /** @type {{ files: Array<{ filename: string, url: string }> }} */ (await list.json());
const file = files.find(({ filename }) => filename === name);
if (!file) throw new Error(`the index has no ${name}`);
const data = await answer(new URL(file.url, list.url).href, "application/octet-stream");
writeFileSync(output, new Uint8Array(await data.arrayBuffer()));

/**
 * @param {string} url
 * @param {string} accept
 */
async function answer(url, accept) {
  const response = await fetch(url, { headers: { accept }, signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}
