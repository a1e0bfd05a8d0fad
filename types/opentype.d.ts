/** The parts of opentype.js 2.0 that are used; it comes without types. */
declare module 'opentype.js' {
  export interface BoundingBox {
    x1: number;
    y1: number;
    x2: number;
    y2: number;
  }

  export interface Path {
    getBoundingBox(): BoundingBox;
    /** The `d` of an SVG path. */
    toPathData(decimals: number): string;
  }

  export interface Glyph {
    /** Number in the font; 0 is drawn for a character that the font does not have. */
    index: number;
    /** The outline in SVG's directions, with the baseline at `y`. */
    getPath(x: number, y: number, fontSize: number): Path;
  }

  export interface Font {
    charToGlyph(character: string): Glyph;
  }

  /** A CommonJS module: Node finds no named exports in it. */
  const opentype: { parse(file: ArrayBuffer): Font };
  export default opentype;
}
