/** Work as a user who is not root, for whom permission bits mean something. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** `nobody` of most systems. */
const ID = '65534';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const isRoot = process.getuid?.() === 0;
const drop = ['setpriv', `--reuid=${ID}`, `--regid=${ID}`, '--clear-groups'];

/** The files of this checkout must be open to others, as they are by default. */
export const canDropRoot =
  !isRoot ||
  spawnSync(
    drop[0],
    [...drop.slice(1), process.execPath, `${ROOT}bin/start.js`, 'cli/shards/main.ts', '--help'],
    {
      stdio: 'ignore',
    },
  ).status === 0;

/** @param entry a command line, as in `cli/shards/main.ts` */
export function runUnprivileged(entry: string, args: string[], cwd: string) {
  const [program, ...first] = [...(isRoot ? drop : []), process.execPath];
  return execa(program, [...first, `${ROOT}bin/start.js`, entry, ...args], {
    cwd,
    reject: false,
    env: { HOME: cwd, TMPDIR: cwd },
  });
}
