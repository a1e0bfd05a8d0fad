/**
 * Streams by highland, with workarounds for its traps. Every stream of the pipeline begins with
 * `streamOf` and ends with `drain`; highland's own operators are used in between.
 *
 * The traps: highland hangs on an async generator, so generators go through a Node stream;
 * `merge()` and plain promise streams have no limit of items in flight, so only `inOrder` starts
 * work; a stalled stream lets Node exit silently, so `drain` detects that.
 */
import { Readable } from 'node:stream';
import highland from 'highland';
import { CodecLmError } from '../../base/error.ts';

export type Stream<T> = Highland.Stream<T>;

/** Pulls from a generator only as fast as the stream is consumed. */
export function streamOf<T>(source: AsyncIterable<T>): Stream<T> {
  return highland<T>(Readable.from(source, { highWaterMark: 1 }));
}

/** Runs `work` on at most `limit` items at once; results come in the order of the items. */
export function inOrder<T, R>(
  limit: number,
  work: (item: T) => Promise<R>,
): (stream: Stream<T>) => Stream<R> {
  return (stream) => stream.map((item) => promised(work, item)).parallel(limit);
}

/** Lazy: the work begins when the stream requests its value, which limits the work in flight. */
function promised<T, R>(work: (item: T) => Promise<R>, item: T): Stream<R> {
  return highland<R>((push) => {
    work(item).then(
      (result) => {
        push(null, result);
        push(null, highland.nil);
      },
      (error) => {
        push(error);
        push(null, highland.nil);
      },
    );
  });
}

/**
 * Consumes the stream to its end; the first error stops and destroys it.
 * @throws the error of a stage, or CodecLmError `INTERNAL` when the stream stalled
 */
export function drain<T>(stream: Stream<T>, onItem: (item: T) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      process.off('beforeExit', onStall);
      finish();
    };
    const onStall = () =>
      settle(() =>
        reject(new CodecLmError('INTERNAL', 'the pipeline stalled: nothing is left to wait for')),
      );
    process.once('beforeExit', onStall);
    stream
      .tap(onItem)
      .stopOnError((error) => settle(() => reject(error)))
      .done(() => settle(resolve));
  });
}
