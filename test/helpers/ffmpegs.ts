/** More than one ffmpeg: what holds for one version has to hold for the others. */
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FFMPEG_9 = fileURLToPath(new URL('../../bench/peers/.venv-ffmpeg9/ffmpeg', import.meta.url));

/** The ffmpeg 9 that bench/peers/setup-ffmpeg9.sh installs, where it did. */
export const ffmpeg9 = existsSync(FFMPEG_9) ? FFMPEG_9 : undefined;

/** A program that is `real`, but for command lines that match the shell pattern: then it does `otherwise`. */
export async function pretender(
  path: string,
  real: string,
  pattern: string,
  otherwise: string,
): Promise<string> {
  const script = `#!/bin/sh\ncase "$*" in ${pattern}) ${otherwise};; esac\nexec '${real}' "$@"\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}
