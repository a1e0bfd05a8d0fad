/** Computes the size of the strip of a clip's frames without drawing it. */

/** Pixels between frames. */
export const GAP = 2;

/** Frames per row of a strip: the fifteen frames of the paper make three rows. */
export const COLUMNS = 5;

/** Size in pixels of the strip that `drawStrip` makes of frames without a prompt. */
export function stripSize(
  width: number,
  height: number,
  frames: number,
  columns: number,
): { width: number; height: number } {
  const rows = Math.ceil(frames / columns);
  return { width: GAP + columns * (width + GAP), height: GAP + rows * (height + GAP) };
}
