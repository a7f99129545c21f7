/**
 * Text of `transform.mjs`, which the compiler of AssemblyScript loads: it gives exports the names that the component model
 * has for them, AssemblyScript having identifiers only, and appends the world.
 *
 * @param names Names by the export's own.
 * @param section A whole custom section.
 */
export function transformText(
  names: Readonly<Record<string, readonly string[]>>,
  section: Uint8Array,
): string {
  const { name, contents } = readSection(section);
  return `// Written by \`twinwall bindgen\`; changes will be lost.

const names = ${JSON.stringify(names, null, 2)};

export default class {
  afterCompile(module) {
    for (const [name, wanted] of Object.entries(names)) {
      const { value } = this.binaryen.getExportInfo(module.getExport(name));
      module.removeExport(name);
      for (const one of wanted) module.addFunctionExport(value, one);
    }
    module.addCustomSection(${JSON.stringify(name)}, Buffer.from(world, "base64"));
  }
}

const world = ${JSON.stringify(Buffer.from(contents).toString("base64"))};
`;
}

/** Name and contents of a custom section, which this project's own compiler wrote. */
function readSection(section: Uint8Array): { name: string; contents: Uint8Array } {
  let at = 1;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = section[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  number();
  const length = number();
  const name = new TextDecoder().decode(section.subarray(at, at + length));
  return { name, contents: section.subarray(at + length) };
}
