/**
 * Writes commands in help and hints as the user can type them: with `codec-lm` in front if the user
 * typed that.
 */

/** The programs with their commands; other words are prose. */
const COMMANDS = [
  'pipeline (?:run|plan|status|extend|finalize)',
  'shards (?:inspect|verify|extract|fetch)',
  'trainer (?:fit|sample|score|serve|report|export|import|estimate|evaluate|config)',
  'tokenizer (?:train|encode|decode|inspect|compare)',
];
const ANY = `(?:${COMMANDS.join('|')})\\b`;
const COMMAND = new RegExp(`(?<!codec-lm |[\\w/.-])${ANY}`, 'g');
const UNSTARTED = new RegExp(`(?<!npx |codec-lm |[\\w/.-])(?:codec-lm )?${ANY}`, 'g');

/**
 * @param text help or a hint with commands such as `trainer fit`
 * @param called how the running program was called: `trainer`, or `codec-lm trainer`
 */
export function asTyped(text: string, called: string): string {
  if (!called.startsWith('codec-lm')) return text;
  return text.replace(COMMAND, (found) => `codec-lm ${found}`);
}

/**
 * The same to be pasted: with `npx` in front for who started the program by it, since nothing says that
 * a shell finds it otherwise.
 */
export function asPasted(text: string, called: string, env = process.env): string {
  const typed = asTyped(text, called);
  return isStartedByNpx(called, env) ? typed.replace(UNSTARTED, (found) => `npx ${found}`) : typed;
}

/**
 * npm passes its variables on to all processes below it: use them only if they name this very
 * program.
 */
function isStartedByNpx(called: string, env: NodeJS.ProcessEnv): boolean {
  if (env.npm_lifecycle_event !== 'npx') return false;
  const [, name] = /^["']?([\w-]+)/.exec(env.npm_lifecycle_script ?? '') ?? [];
  return name === called.split(' ')[0];
}
