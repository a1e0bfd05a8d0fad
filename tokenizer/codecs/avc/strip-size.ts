/** How large the picture of a clip's frames is, known without drawing it. */

/** Pixels between frames. */
export const GAP = 2;

/** Frames a row of a strip: the fifteen of the paper make three rows. */
export const COLUMNS = 5;

/** Of the picture that `drawStrip` makes of frames without a prompt, in pixels. */
export function stripSize(
  width: number,
  height: number,
  frames: number,
  columns: number,
): { width: number; height: number } {
  const rows = Math.ceil(frames / columns);
  return { width: GAP + columns * (width + GAP), height: GAP + rows * (height + GAP) };
}
