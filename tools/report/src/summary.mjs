// Prints the sum of all reports; exits with 1 when anything failed, or when there is nothing to sum.
import { fileURLToPath } from "node:url";
import { count, summaryLines } from "./format.mjs";
import { collectReports } from "./reports.mjs";

const reports = collectReports(fileURLToPath(new URL("../../..", import.meta.url)));
console.log(summaryLines(reports).join("\n"));
const { passed, failed } = count(reports.flatMap((report) => report.tests));
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
