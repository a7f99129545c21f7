/** Vite gives the address of a file that it copied. */
declare module "*?url" {
  const url: string;
  export = url;
}
