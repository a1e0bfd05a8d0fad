/** docs/errors.md, made from the table of codes. */
import { fileURLToPath } from 'node:url';
import { ERROR_CODES, type ErrorKind, type ErrorScope } from '../../base/error-codes.ts';

export const ERRORS_PAGE = fileURLToPath(new URL('../errors.md', import.meta.url));

const SCOPES: Record<ErrorScope, string> = {
  usage: 'The command, its options, or what they name. Nothing was done.',
  input:
    'One input of many. A run over many inputs lists it under `failures/` and goes on; a command with one input ends.',
  file: 'A file of this project, or of another program, that is not what it should be.',
  machine: 'The machine, the tools on it, or another process.',
};

const HEAD = `<!-- Made by \`npm run docs:errors\` from base/error-codes.ts. -->
# Error codes

Every error ends with its code in brackets, as in \`pipeline: … [DISK_FULL]\`. Codes are stable: scripts may match on
them. The exit status of a command says the same in short: 0 done, 1 failed, 2 wrong usage or configuration, 3 finished
with inputs skipped, 130 or 143 stopped by a signal.
`;

/** The whole page. */
export function formatErrorsPage(): string {
  const kinds: [string, ErrorKind][] = Object.entries(ERROR_CODES);
  const parts = Object.entries(SCOPES).map(([scope, description]) => {
    const rows = kinds
      .filter(([, kind]) => kind.scope === scope)
      .map(
        ([code, { exitCode, summary, remedy }]) =>
          `| \`${code}\` | ${exitCode} | ${cell(summary)} | ${cell(remedy)} |`,
      );
    const table = ['| code | exit | what happened | what to do |', '|---|---|---|---|', ...rows];
    return `\n## Scope \`${scope}\`\n\n${description}\n\n${table.join('\n')}\n`;
  });
  return HEAD + parts.join('');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
