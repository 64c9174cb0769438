import { answerOf } from '../../answers.ts';
import { AgentError } from '../../error.ts';
import { findProgram } from '../../programs.ts';

/** The words that begin a command of Docker Compose on this host: its plugin, else the program of its own. Rejects with `no-compose`. */
export async function composeCommand(): Promise<string[]> {
  const docker = findProgram('docker');
  if (docker && (await works(docker, ['compose', 'version']))) return [docker, 'compose'];
  const own = findProgram('docker-compose');
  if (own && (await works(own, ['version']))) return [own];
  throw new AgentError('no-compose', 'Docker Compose is not installed on this host', {
    remedy:
      'install it: apt-get install docker-compose-plugin (Docker’s packages) or docker-compose (Debian’s)',
  });
}

function works(file: string, words: string[]): Promise<boolean> {
  return answerOf(file, words).then(
    () => true,
    () => false,
  );
}
