/** The native backend with all of its parts: an addon is shared by all installations of a user, and may be another's. */
import { CodecLmError } from '../base/error.ts';
import { TFJS_NODE } from '../compute/tfjs-node.ts';
import { install, type Outcome } from './install.ts';
import type { RouteContext } from './routes.ts';
import { completeTfjsNode } from './tfjs-node.ts';

/** @throws CodecLmError as `install` */
export async function installWhole(context: RouteContext): Promise<Outcome> {
  const outcome = await install(context);
  if (!outcome.installed) return outcome;
  try {
    await completeTfjsNode(context);
    return outcome;
  } catch (error) {
    if (!(error instanceof CodecLmError) || error.code === 'INTERRUPTED') throw error;
    const failures = [...outcome.failures, { route: TFJS_NODE, error }];
    return { failures, already: false };
  }
}
