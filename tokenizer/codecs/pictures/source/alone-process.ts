/**
 * The process of `alone.ts`: reads one file after another, until the process that started it ends.
 */
import { CodecLmError, messageOf } from '../../../../base/error.ts';
import { type AloneReply, type AloneRequest, READY } from './alone.ts';
import { contentHere } from './baseline.ts';

process.on('message', (request: AloneRequest) => void answer(request));
process.on('disconnect', () => process.exit());
// Ctrl-C goes to all processes of a terminal; the process that started this one will end it.
process.on('SIGINT', () => {});
process.send?.(READY);

async function answer({ source, label, settings }: AloneRequest): Promise<void> {
  let reply: AloneReply;
  try {
    reply = { content: await contentHere(source, label, settings) };
  } catch (error) {
    if (error instanceof CodecLmError) {
      reply = { code: error.code, message: error.message, hint: error.hint };
    } else {
      reply = { code: 'INTERNAL', message: `reading ${label} alone: ${messageOf(error)}` };
    }
  }
  process.send?.(reply);
}
