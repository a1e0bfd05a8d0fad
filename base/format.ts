/** Formats numbers, durations and tables for people. */
import type { ClipsConfig } from '../schemas/clips.ts';

const NUMERIC = /^[-+]?[\d,.]+( ?[%A-Za-z/]+)?$/;

/** A table with columns padded to their widest cell; columns of numbers are right-aligned. */
export function formatTable(header: string[], rows: string[][]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  const isNumeric = header.map(
    (_, i) => rows.length > 0 && rows.every((row) => !row[i] || NUMERIC.test(row[i])),
  );
  const format = (line: string[]) =>
    line
      .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [format(header), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(format)].join(
    '\n',
  );
}

/**
 * `1234567` -> `1,234,567`. Written by hand, because the first number that Intl formats takes it 40
 * ms.
 */
export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A text as it is, or a long one by its beginning and its length. */
export function formatLong(text: string, most = 64): string {
  return text.length <= most ? text : `${text.slice(0, most / 4)}… (${text.length} characters)`;
}

/** `1536` -> `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** `61` -> `1 min 1 s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.max(0, Math.round(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  if (minutes > 0) return `${minutes} min ${whole % 60} s`;
  return `${whole} s`;
}

/** A bar of `width` characters for a share between 0 and 1. */
export function formatBar(share: number, width = 20): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** `10` -> `0A`: a byte as two hexadecimal digits. */
export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase();
}

/**
 * Such as `at most 8 of each of 120 videos, every 5 s, none over a cut (score 0.3)`.
 * @param inputs of the plan: all clips that there may be
 */
export function formatClips({ perVideo, stride, cuts }: ClipsConfig, inputs: number): string {
  const videos = inputs / perVideo;
  const of = videos === 1 ? 'of 1 video' : `of each of ${formatCount(videos)} videos`;
  const places = cuts === undefined ? '' : `, none over a cut (score ${cuts})`;
  return `at most ${formatCount(perVideo)} ${of}, every ${stride / 1e6} s${places}`;
}
