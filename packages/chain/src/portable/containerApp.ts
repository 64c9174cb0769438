import { bytesWords } from '../provenance/values.ts';
import { said } from './composeFile.ts';
import { publish } from './dockerCommand.ts';
import { fillVariables, keepImage, keepProcess, Ledger } from './ledger.ts';
import type { Exported, Portable, Told } from './types.ts';
import { labelOf, pinned } from './words.ts';
import { unlessEmpty, yamlText } from './yamlFile.ts';

type Fields = Record<string, unknown>;
const GIB = 2 ** 30;
/** What a container app of the consumption plan may have: a quarter of a processor comes with half a GiB, and so on. */
const MOST_QUARTERS = 16;

/** Writes an app of Azure Container Apps, as `az containerapp create --yaml` takes it (Microsoft.App/containerApps). */
export function containerApp(portable: Portable): Exported {
  const ledger = new Ledger();
  const image = keepImage(ledger, portable, (name) => `image: ${name}`);
  const words = wordsOf(portable);
  keepProcess(ledger, portable, words.args ? 'args:' : 'command:', 'command:');
  const name = labelOf(portable, 32);
  const memory = portable.mounts.filter(({ value }) => value.kind === 'tmpfs');
  const container = {
    name,
    image: pinned(portable),
    ...words,
    env: unlessEmpty(variables(portable, ledger)),
    resources: resources(portable, ledger),
    volumeMounts: unlessEmpty(
      memory.map(({ value }, index) => ({ volumeName: `memory-${index + 1}`, mountPath: value.target })),
    ),
  };
  const ingress = ingressOf(portable, ledger);
  loseOthers(portable, ledger);
  fillVariables(ledger, portable);
  ledger.fill.push('location, and the environment’s id, in which the app is to live');
  addWords(ledger, portable, ingress !== undefined);
  if (!image) return ledger.done('aca', [], '');
  const text = yamlText(ledger.comments(portable, 'A container app'), {
    type: 'Microsoft.App/containerApps',
    location: 'FILL IN',
    properties: {
      managedEnvironmentId:
        '/subscriptions/FILL-IN/resourceGroups/FILL-IN/providers/Microsoft.App/managedEnvironments/FILL-IN',
      configuration: { activeRevisionsMode: 'Single', ingress },
      template: {
        containers: [container],
        scale: { minReplicas: 1, maxReplicas: 1 },
        volumes: unlessEmpty(
          memory.map((_, index) => ({ name: `memory-${index + 1}`, storageType: 'EmptyDir' })),
        ),
      },
    },
  });
  const use = `az containerapp create --name ${name} --resource-group GROUP --yaml containerapp.yaml`;
  return ledger.done('aca', [{ name: 'containerapp.yaml', text }], use);
}

/** `command` stands for the image’s ENTRYPOINT, `args` for its CMD. */
function wordsOf({ entrypoint, args }: Portable): { command?: readonly string[]; args?: readonly string[] } {
  if (entrypoint && entrypoint.value.length === 0) return { command: args?.value };
  return { command: entrypoint?.value, args: args?.value };
}

function variables({ env }: Portable, ledger: Ledger): Fields[] {
  return env.map((one) => {
    const { name, value } = one.value;
    ledger.keep(`Variable ${name}`, value ?? 'to be filled in', one, `name: ${name}`);
    return { name, value: value ?? 'FILL IN' };
  });
}

/** Memory and processors come in fixed pairs: the smallest that has room for the run. */
function resources({ memory, cpus, pids }: Portable, ledger: Ledger): Fields {
  const needed = Math.max(1, Math.ceil((cpus?.value ?? 0) * 4), Math.ceil((memory?.value ?? 0) / (GIB / 2)));
  const quarters = Math.min(MOST_QUARTERS, needed);
  const pair = { cpu: quarters / 4, memory: `${(quarters / 2).toFixed(1)}Gi` };
  if (memory && memory.value === (quarters * GIB) / 2)
    ledger.keep('Memory', bytesWords(memory.value), memory, 'memory:');
  else
    ledger.loseIf(
      memory,
      `Memory, ${bytesWords(memory?.value ?? 0)}`,
      `memory comes with processors in fixed steps; here ${pair.memory}`,
    );
  if (cpus && cpus.value === pair.cpu) ledger.keep('Processors', String(pair.cpu), cpus, 'cpu:');
  else
    ledger.loseIf(
      cpus,
      `Processors, ${cpus?.value}`,
      `they come with memory in fixed steps; here ${pair.cpu}`,
    );
  if (!memory && !cpus)
    ledger.adds.push(`limits, though this run had none: ${pair.cpu} of a processor, ${pair.memory}`);
  ledger.loseIf(pids, `Number of processes, ${pids?.value}`, 'there is no field for it');
  return pair;
}

/** One port can be reached through the platform’s proxy; a TCP port keeps its number. */
function ingressOf({ ports }: Portable, ledger: Ledger): Fields | undefined {
  const [first, ...rest] = ports;
  for (const { value } of rest)
    ledger.lose(
      `Port ${publish(value)}`,
      'a second one takes additionalPortMappings, in an environment with a network of one’s own',
    );
  if (!first) return undefined;
  if (first.value.protocol !== 'tcp') {
    ledger.lose(`Port ${publish(first.value)}`, 'ingress takes HTTP and TCP alone');
    return undefined;
  }
  ledger.keep(
    'Port',
    `${first.value.inside} inside`,
    first,
    'targetPort:',
    'outside it is 443 of a name that the platform gives',
  );
  return { external: true, targetPort: first.value.inside, transport: 'auto' };
}

function loseOthers(portable: Portable, ledger: Ledger): void {
  const lose = (told: Told<unknown> | undefined, what: string, why = 'there is no field for it') =>
    ledger.loseIf(told, what, why);
  const { network, user, hostname, workdir, capAdd, capDrop, tty, interactive } = portable;
  lose(user, `User ${user?.value}`, 'it is set in the image (USER)');
  lose(workdir, `Working directory ${workdir?.value}`, 'it is set in the image (WORKDIR)');
  lose(hostname, `Host name ${hostname?.value}`);
  lose(capAdd, `Capabilities added, ${capAdd?.value.join(', ')}`);
  lose(capDrop, `Capabilities dropped, ${capDrop?.value.join(', ')}`);
  lose(portable.privileged, 'Privileged');
  lose(portable.readOnly, 'Read-only root filesystem');
  lose(portable.noNewPrivileges, 'No new privileges');
  lose(tty, 'Terminal');
  lose(interactive, 'Standard input');
  lose(portable.builtBy, `The low-level runtime, ${portable.builtBy?.value}`, 'the platform has its own');
  lose(portable.seccomp, 'Seccomp filter', 'the platform’s own applies');
  if (network) ledger.lose(`Network ${network.value}`, 'an app is in its environment’s network');
  for (const { value } of portable.others) ledger.lose(said(value), 'there is no field for it');
  for (const told of portable.mounts) {
    const { kind, source, target } = told.value;
    if (kind === 'tmpfs')
      ledger.keep(
        'Mount',
        target,
        told,
        `mountPath: ${target}`,
        'a folder of the replica’s own disk, not memory',
      );
    else
      ledger.lose(
        `Mount ${source ?? ''} on ${target}`,
        'there are no folders of a host: an Azure Files share would have to be added to the environment',
      );
  }
}

function addWords(ledger: Ledger, { arch, args, entrypoint }: Portable, isReached: boolean): void {
  ledger.adds.push(
    'revisions and replicas: each change makes a new revision, here with one replica',
    'a new start whenever the process ends: for a run that ends, a job (Microsoft.App/jobs) is nearer',
    'logs and metrics in the environment’s workspace',
  );
  if (isReached) ledger.adds.push('a name in DNS, TLS and a proxy (Envoy) before the port');
  if (arch !== 'x86_64') ledger.lose(`Architecture ${arch}`, 'images for linux/amd64 are run, and no others');
  const words = [...(entrypoint?.value ?? []), ...(args?.value ?? [])];
  if (words.some((word) => /\$[$(]/.test(word)))
    ledger.lose(
      '$( and $$ in the command',
      'its documentation does not say whether they are replaced, as in Kubernetes',
    );
}
