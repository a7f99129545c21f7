const plainKinds = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
] as const;

/** Types without parts. */
export const plainTypes: readonly Type[] = plainKinds.map((kind) => ({ kind }));

/** A type of WIT but for handles, in the form that `@twinwall/abi` has. */
export type Type =
  | { readonly kind: (typeof plainKinds)[number] }
  | { readonly kind: "list"; readonly element: Type }
  | { readonly kind: "option"; readonly value: Type }
  | { readonly kind: "result"; readonly ok: Type | undefined; readonly error: Type | undefined }
  | { readonly kind: "tuple"; readonly items: readonly Type[] }
  | { readonly kind: "record"; readonly fields: readonly { readonly name: string; readonly type: Type }[] }
  | {
      readonly kind: "variant";
      readonly cases: readonly { readonly name: string; readonly type: Type | undefined }[];
    }
  | { readonly kind: "enum"; readonly cases: readonly string[] }
  | { readonly kind: "flags"; readonly names: readonly string[] };

/** Whether `undefined` stands for an option's absent value. */
export function isNullable(type: Type): boolean {
  return type.kind === "option" && !isNullable(type.value);
}

/** `user-id` as JavaScript has it. */
export function camelCase(kebab: string): string {
  return kebab.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
