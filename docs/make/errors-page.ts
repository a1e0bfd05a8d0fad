/** docs/errors.md, made from the table of codes. */
import { fileURLToPath } from 'node:url';
import {
  ERROR_CODES,
  type ErrorCode,
  type ErrorKind,
  type ErrorScope,
} from '../../base/error-codes.ts';
import { ERROR_CAUSES } from './error-causes.ts';

export const ERRORS_PAGE = fileURLToPath(new URL('../errors.md', import.meta.url));

const SCOPES: Record<ErrorScope, string> = {
  usage: 'The command, its options, or what they name. Nothing was done.',
  input:
    'One input of many. A run over many inputs lists it under `failures/` and goes on; a command with one input ends.',
  file: 'A file of this project, or of another program, that is not what it should be.',
  machine: 'The machine, the tools on it, or another process.',
};

const HEAD = `<!-- Made by \`npm run docs:errors\` from base/error-codes.ts and docs/make/error-causes.ts. -->
# Troubleshooting by error code

Every error ends with its code in brackets, as in \`pipeline: … [DISK_FULL]\`. The message itself says what was being done,
on which file, what was found, and mostly what to do. Codes are stable: scripts may match on them. The exit status of a
command says the same in short: 0 done, 1 failed, 2 wrong usage or configuration, 3 finished with inputs skipped, 130 or
143 stopped by a signal. \`codec-lm doctor\` shows what a machine has; \`CODEC_LM_DEBUG=1\` adds where in the program an error arose.
`;

/** The whole page. */
export function formatErrorsPage(): string {
  const kinds = Object.entries(ERROR_CODES) as [ErrorCode, ErrorKind][];
  const parts = Object.entries(SCOPES).map(([scope, description]) => {
    const own = kinds.filter(([, kind]) => kind.scope === scope);
    const links = own.map(([code]) => `[${code}](#${code.toLowerCase()})`).join(', ');
    const entries = own.map(([code, kind]) => entryOf(code, kind)).join('\n');
    return `\n## Scope \`${scope}\`\n\n${description}\n\n${links}\n\n${entries}`;
  });
  return HEAD + parts.join('');
}

/** Meaning, causes and remedy of one code, under a heading that a link can name. */
function entryOf(code: ErrorCode, { exitCode, summary, remedy }: ErrorKind): string {
  const causes = ERROR_CAUSES[code].map((cause) => `- ${cause}\n`).join('');
  return `### ${code}\n\n${summary} Exit ${exitCode}. Usual causes:\n\n${causes}\n**What to do:** ${remedy}\n`;
}
