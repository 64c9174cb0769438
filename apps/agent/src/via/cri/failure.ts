import { AgentError } from '../../error.ts';
import { runtimeError } from '../embedded/lowLevel/runtimeError.ts';
import { GrpcRefusal } from '../grpc/failure.ts';
import type { CriRuntime } from './ask.ts';

/** A number in what a runtime tells of itself as JSON; CRI-O and containerd both have `pid` at its top. */
export function numberIn(text: string | undefined, field: string): number | undefined {
  try {
    const value = (JSON.parse(text ?? '{}') as Record<string, unknown>)[field];
    return typeof value === 'number' && value > 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a call whose NOT_FOUND is as good as any answer: what it was to take away is gone. */
export async function tolerating(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof GrpcRefusal) || error.status !== 'NOT_FOUND') throw error;
  }
}

/** What the refusal to make a pod means; errors of other kinds stay as they are. */
export function sandboxFailure(
  error: unknown,
  { daemon, pauseImage }: CriRuntime,
  runtimeClass: string,
): unknown {
  if (!(error instanceof GrpcRefusal)) return error;
  const { words } = error;
  if (/no runtime for|runtime handler|failed to get sandbox runtime/i.test(words)) {
    return new AgentError('unknown-runtime', `${daemon.name} has no runtime ${runtimeClass}: ${words}`, {
      remedy: 'take one of its runtime handlers (crictl info), or leave --runtime out',
      cause: error,
    });
  }
  if (/sandbox image|pause image/i.test(words)) {
    const image = pauseImage ? ` ${pauseImage}` : '';
    return new AgentError('no-pause-image', `the pod’s pause image${image} can’t be had: ${words}`, {
      remedy: 'pull it, or name another one in the runtime’s configuration (sandbox_image, pause_image)',
      cause: error,
    });
  }
  if (/cni|network/i.test(words)) {
    return new AgentError('pod-network', `the pod gets no network: ${words}`, {
      remedy: 'install and configure a CNI plugin (/etc/cni/net.d), or take --network host',
      cause: error,
    });
  }
  return containerFailure(error, daemon.name, 'pause');
}

/** What the refusal to make or start a container means, with docker’s exit codes: 127 for a command that is not there, 126 for one that can’t be executed, else 125. */
export function containerFailure(error: unknown, name: string, command: string): unknown {
  if (!(error instanceof GrpcRefusal)) return error;
  const { code, message, remedy, exitCode } = runtimeError(name, error.words, command || 'of the image');
  return new AgentError(code, message, { ...(remedy ? { remedy } : {}), exitCode, cause: error });
}
