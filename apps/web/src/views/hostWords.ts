import type { Check, DoctorReport } from '@underdock/trace';

/** Something that underdock does well without has no effect, and is no limit. */
export function isLimit(check: Check): boolean {
  return check.state !== 'ok' && check.effect !== undefined;
}

/** How the top bar sums a report up. */
export function hostWord(report: DoctorReport | undefined): {
  word: string;
  more?: string;
  state: Check['state'];
} {
  if (!report) return { word: 'host …', state: 'limited' };
  const limits = report.checks.filter(isLimit).length;
  if (report.can.runtimes.length === 0) return { word: 'host can’t run containers', state: 'missing' };
  if (limits === 0) return { word: 'host ok', state: 'ok' };
  return { word: 'host ok', more: `, ${limits} ${limits === 1 ? 'limit' : 'limits'}`, state: 'limited' };
}
