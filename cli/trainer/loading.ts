/** What a command that draws or scores shows of the model it opens. */
import type { BackendEvent } from '../../compute/event.ts';
import type { EngineRemark, LoadEvent } from '../../trainer/events.ts';
import type { Io } from '../command.ts';

/** Smaller models are there before anybody wonders. */
const WORTH_TELLING = 10 ** 9;

/** Shows the backend that computes as a line, and the progress of loading weights if that takes a while. */
export function showLoading(event: BackendEvent | LoadEvent | EngineRemark, io: Io): void {
  if (event.type === 'backend') {
    io.log(event.reason);
    return;
  }
  if (event.type === 'engine') {
    io.log(event.remark);
    return;
  }
  const { bytes, totalBytes } = event;
  if (totalBytes < WORTH_TELLING) return;
  const gigabytes = (count: number) => (count / 1e9).toFixed(1);
  io.progress.update(() => `reading weights: ${gigabytes(bytes)}/${gigabytes(totalBytes)} GB`);
  if (bytes === totalBytes) io.progress.done();
}
