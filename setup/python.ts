/** Finds a Python that has pip: it downloads the wheel, and it can unpack it. */
import { CodecLmError } from '../base/error.ts';
import { runTool } from './tool.ts';

const CANDIDATES = ['python3', 'python'];

const HINT = 'install Python 3 with pip (Debian: apt-get install python3-pip)';

/** @throws CodecLmError TOOL_MISSING */
export async function findPython(signal?: AbortSignal): Promise<string> {
  let withoutPip: string | undefined;
  for (const candidate of CANDIDATES) {
    try {
      await runTool(candidate, ['-m', 'pip', '--version'], { signal, timeoutMs: 30_000 });
      return candidate;
    } catch (error) {
      if (!(error instanceof CodecLmError) || error.code === 'INTERRUPTED') throw error;
      if (error.code !== 'TOOL_MISSING') withoutPip = candidate;
    }
  }
  const what = withoutPip ? `${withoutPip} has no pip` : 'no Python here';
  throw new CodecLmError('TOOL_MISSING', `${what}, so the TensorFlow wheel cannot be had`, {
    hint: HINT,
  });
}
