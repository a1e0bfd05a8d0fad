/** Preloaded: writes the address of every module that is imported as a line on stderr. */
import { register } from 'node:module';

const hook = `
  import { writeSync } from 'node:fs';
  export async function resolve(name, context, next) {
    const found = await next(name, context);
    writeSync(2, 'loads ' + found.url + '\\n');
    return found;
  }`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
