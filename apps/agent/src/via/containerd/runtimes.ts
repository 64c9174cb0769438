import { crunProgram } from '../../daemons/privateDaemon.ts';
import { AgentError } from '../../error.ts';
import { findProgram } from '../../programs.ts';

/** A runtime as containerd takes it: which shim, and which program that calls. */
export interface ShimRuntime {
  /** `io.containerd.runc.v2`: containerd looks for containerd-shim-runc-v2. */
  name: string;
  /** Empty = the shim's own choice, runc. */
  binary: string;
}

/** The shim for runtimes with runc’s command line. */
export const SHIM = 'io.containerd.runc.v2';

/** What `--runtime` means to containerd; wrappers lie in `folder`. Throws AgentError `unknown-runtime` or `unusable-runtime`. */
export function shimRuntime(wanted: string | undefined, folder: string): ShimRuntime {
  if (wanted === undefined) {
    const crun = findProgram('runc') ? undefined : crunProgram(folder);
    return { name: SHIM, binary: crun ?? '' };
  }
  if (wanted === 'by-hand') {
    throw new AgentError('unusable-runtime', 'containerd’s shim calls a program, and by-hand is none', {
      remedy: 'choose runc or crun, or take --via embedded for by-hand',
    });
  }
  if (wanted.startsWith('io.containerd.')) return { name: wanted, binary: '' };
  const binary = wanted === 'crun' ? crunProgram(folder) : findProgram(wanted);
  if (binary) return { name: SHIM, binary };
  throw new AgentError('unknown-runtime', `there is no low-level runtime ${wanted}`, {
    remedy: `install it (apt-get install ${wanted.split('/').at(-1)}), or choose another with --runtime`,
  });
}
