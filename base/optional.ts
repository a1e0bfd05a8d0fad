/** Loads optional dependencies when they are used; a missing one gives an error with its name. */
import { createRequire } from 'node:module';
import { CodecLmError, messageOf, systemCode } from './error.ts';

const require = createRequire(import.meta.url);

/**
 * @param name a package of `optionalDependencies`
 * @param purpose the subject of the message, a plural: `pictures`
 * @throws CodecLmError `TOOL_MISSING` that says what to install
 */
export function loadOptional<Module>(name: string, purpose: string): Module {
  try {
    return require(name) as Module;
  } catch (error) {
    const [line] = messageOf(error).split('\n');
    const isAbsent = systemCode(error) === 'MODULE_NOT_FOUND' && line.includes(`'${name}'`);
    const found = isAbsent ? 'is not installed' : `does not load: ${line}`;
    throw new CodecLmError('TOOL_MISSING', `${purpose} need the package ${name}, which ${found}`, {
      cause: error,
      hint: `run \`npm install --include=optional\`, or \`npm install ${name}@${versionOf(name)}\` for this alone`,
    });
  }
}

/** Whether the package is there, without loading it. */
export function hasOptional(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The version that goes with this package; the package imports itself by name to read it. */
function versionOf(name: string): string {
  const { optionalDependencies } = require('codec-lm/package.json') as {
    optionalDependencies: Record<string, string>;
  };
  return optionalDependencies[name];
}
