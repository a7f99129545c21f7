/** An element's attributes; numbers are rounded to a hundredth. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element with its children, which are SVG already. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${show(value)}"`);
  const open = `<${name}${written.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** How text is set. */
export interface TextStyle {
  /** Default `"start"`. */
  readonly anchor?: "start" | "middle" | "end";
  /** Pixels. Default 12. */
  readonly size?: number;
}

/** A line of text; what means something in XML is escaped. */
export function text(
  content: string,
  x: number,
  y: number,
  { anchor = "start", size = 12 }: TextStyle = {},
): string {
  const attributes = { x, y, "text-anchor": anchor, "font-size": size, fill: "#222" };
  return element("text", attributes, [escapeXml(content)]);
}

/** Text as it stands between tags or in an attribute. */
export function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function show(value: string | number): string {
  return typeof value === "number" ? `${Math.round(value * 100) / 100}` : escapeXml(value);
}
