/** Small file systems of their own, to be full or read-only; only root may make one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** Gone with the test. */
export function mount(t: ExecutionContext, folder: string, options: string): void {
  spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  t.teardown(() => {
    spawnSync('umount', ['-l', folder]);
  });
}

/** Makes and removes one, to find out whether this process may. */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'codec-lm-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return isMounted;
}
