/** The members of a wheel that are needed, through the zipfile module of the Python that pip runs on. */
import { runTool } from './tool.ts';

/** Modes are kept, because a wheel may hold programs (CUDA's `ptxas`). */
const SCRIPT = `
import os, re, sys, zipfile
wheel, dest, wanted = sys.argv[1:]
root = os.path.realpath(dest)
count = 0
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        if member.is_dir() or not re.fullmatch(wanted, member.filename):
            continue
        path = archive.extract(member, root)
        mode = member.external_attr >> 16 & 0o777
        if mode:
            os.chmod(path, mode | 0o600)
        count += 1
print(count)
`;

/**
 * @param wanted a regular expression, in Python's syntax, that whole member names must match
 * @returns how many files were written
 */
export async function unpackWheel(
  python: string,
  wheel: string,
  dest: string,
  wanted: string,
  signal?: AbortSignal,
): Promise<number> {
  const output = await runTool(python, ['-c', SCRIPT, wheel, dest, wanted], {
    signal,
    timeoutMs: 15 * 60_000,
  });
  return Number(output.trim());
}
