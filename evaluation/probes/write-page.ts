/** Writes the page of the probes. */
import { writeAtomically } from '../../base/atomic-file.ts';
import { type PageInfo, probesPage } from './page.ts';
import type { ProbeResults } from './probe.ts';

/** @throws CodecLmError `DISK_FULL`, `OUTPUT_UNWRITABLE`; the file appears whole or not at all */
export async function writeProbesPage(
  path: string,
  results: ProbeResults,
  info: PageInfo,
): Promise<void> {
  const page = Buffer.from(probesPage(results, info));
  await writeAtomically(path, (file) => file.write(page));
}
