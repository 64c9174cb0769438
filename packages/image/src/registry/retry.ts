import { setTimeout as pause } from 'node:timers/promises';
import { ImageError } from '../error.ts';
import type { RegistrySettings } from './settings.ts';

/** Whether trying again may help: connection faults, stalls, 429, 408 and 5xx. */
export function isPassing(error: unknown): error is ImageError {
  if (!(error instanceof ImageError)) return false;
  if (error.code === 'unreachable' || error.code === 'stalled' || error.code === 'truncated') return true;
  return error.code === 'rate-limited' || (error.code === 'registry-fault' && isPassingStatus(error.status));
}

const isPassingStatus = (status = 0): boolean => status === 408 || (status >= 500 && status !== 501);

/**
 * Tries until it works, the error is lasting, or `settings.attempts` tries in a row failed without `progressed()` in
 * between. The last error is thrown with the number of attempts.
 */
export async function tried<T>(
  settings: RegistrySettings,
  signal: AbortSignal | undefined,
  run: (attempt: number) => Promise<T>,
  progressed: () => boolean = () => false,
): Promise<T> {
  let idle = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      idle = progressed() ? 1 : idle + 1;
      // What has been tried often enough further in is not tried as often again.
      const isExhausted = error instanceof ImageError && error.attempts !== undefined;
      if (!isPassing(error) || isExhausted || idle >= settings.attempts) throw withAttempts(error, attempt);
      const asked = error.retryAfterMs;
      if (asked !== undefined && asked > settings.longestRetryAfterMs) throw withAttempts(error, attempt);
      await pause(asked ?? backoff(settings, idle), undefined, signal ? { signal } : {}).catch(() => {
        throw signal?.reason;
      });
    }
  }
}

function backoff(settings: RegistrySettings, failures: number): number {
  const whole = Math.min(settings.longestBackoffMs, settings.backoffMs * 2 ** (failures - 1));
  return whole / 2 + (whole / 2) * settings.random();
}

function withAttempts(error: unknown, attempts: number): unknown {
  if (!(error instanceof ImageError) || error.attempts !== undefined || attempts === 1) return error;
  const { code, message, method, url, status, retryAfterMs, cause } = error;
  return new ImageError(code, `${message} (tried ${attempts} times)`, {
    attempts,
    cause,
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { url }),
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
