import { carriedContainers, exportTo, PLATFORMS, type Platform, portableOf } from '@underdock/chain/portable';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { faultsOf } from '../../../apps/agent/src/via/oci/configFaults.ts';
import { composeFaults, containerAppFaults, podFaults } from '../../fakes/platformSchemas.ts';
import { RECORDED, recordedTrace } from '../../fixtures/traces.ts';

async function carried(name: string) {
  const { header, events } = await recordedTrace(name);
  return portableOf(header, events, carriedContainers(events)[0]!);
}

async function written(name: string, platform: Platform) {
  const exported = exportTo(platform, await carried(name));
  return { ...exported, text: exported.files[0]?.text ?? '' };
}

const ROADS = ['portable-embedded', 'portable-docker', 'portable-watch'];
const values = (all: readonly { value: { value: unknown } | unknown }[]) => all.map(({ value }) => value);

it('writes no word of a trace into a command as anything but a word, names of flags included', async () => {
  const run = await carried('portable-watch');
  const from = run.others[0]!.from;
  const others = [{ value: { flag: '--x;touch /tmp/y;', value: '$(id)' }, from }];
  const { files } = exportTo('docker', { ...run, others });
  expect(files[0]?.text).toContain(`  '--x;touch /tmp/y;' '$(id)' \\\n`);
});

describe('what a trace tells of a run', () => {
  it.each(['portable-embedded', 'portable-docker'])('is the same on every road: %s', async (name) => {
    const run = await carried(name);
    expect(run.image.reference?.value).toMatch(/^127\.0\.0\.1:\d+\/house\/many:1$/);
    expect(run.image.digest?.value).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(run.args?.value).toEqual(['sh', '-c', expect.stringContaining('$(hostname)')]);
    expect([run.memory?.value, run.cpus?.value, run.pids?.value]).toEqual([67108864, 0.5, 32]);
    expect([run.user?.value, run.workdir?.value, run.hostname?.value]).toEqual(['1000:1000', '/bin', 'box']);
    expect([run.capDrop?.value, run.readOnly?.value, run.network?.value]).toEqual([
      ['NET_RAW'],
      true,
      'none',
    ]);
    expect(values(run.env)).toEqual([{ name: 'GREETING' }, { name: 'LANG', value: 'C' }]);
    expect(values(run.mounts)).toEqual([
      { kind: 'bind', source: '/tmp/rec/shared', target: '/shared', readOnly: true },
      { kind: 'tmpfs', target: '/scratch', readOnly: false },
    ]);
  });

  it('is read from a command that somebody typed, flags of docker’s own included, each with its event', async () => {
    const run = await carried('portable-watch');
    expect(run.memory).toEqual({ value: 67108864, from: { what: '--memory', seq: 1, grade: 'observed' } });
    expect(run.entrypoint?.value).toEqual(['sleep']);
    expect(run.detached?.value).toBe(true);
    expect(values(run.ports)).toEqual([{ host: 8080, inside: 80, protocol: 'tcp' }]);
    expect(values(run.others)).toEqual([
      { flag: '--restart', value: 'on-failure' },
      { flag: '--security-opt', value: 'no-new-privileges' },
    ]);
    expect(run.image.digest).toMatchObject({
      from: { what: 'engine/has-container digest', grade: 'read-back' },
    });
    expect(JSON.stringify(run)).not.toContain('hunter2');
  });

  it('is read from what inspect answers where nobody saw it typed, and says what it can’t tell apart', async () => {
    const { header, events } = await recordedTrace('docker-start-three');
    const names = carriedContainers(events).map((id) => portableOf(header, events, id).name?.value);
    expect(names).toEqual(['shop-db', 'shop-api', 'shop-web']);
    const run = await carried('docker-start-three');
    expect(run.args).toMatchObject({
      value: ['sh', '-c', 'echo db; sleep 2'],
      from: { what: 'Cmd (inspect)' },
    });
    expect(run.hostname).toBeUndefined();
    expect(exportTo('docker', run).lost.map(({ what }) => what)).toEqual(['The image’s digest']);
  });

  it('comes from config.json alone where a runtime was called by nobody we know', async () => {
    const { header, events } = await recordedTrace('portable-watch');
    const only = events.filter(({ step }) => step === 'high-level/has-config');
    const run = portableOf(header, only, carriedContainers(events)[0]!);
    expect([run.memory?.value, run.cpus?.value]).toEqual([67108864, 0.5]);
    expect(run.entrypoint?.value).toEqual([]);
    expect(run.args?.value).toEqual(['sleep', '2']);
    expect(run.capAdd?.value).toEqual(['SYS_TIME']);
    expect(run.unsure?.value).toEqual(['TOKEN', 'LANG']);
    expect(values(run.mounts)).toMatchObject([{ kind: 'bind', target: '/data' }]);
  });
});

describe('an export', () => {
  it.each(ROADS)('pins the image by digest on every platform: %s', async (name) => {
    const digest = (await carried(name)).image.digest!.value;
    for (const platform of PLATFORMS) {
      const { files, stays } = exportTo(platform, await carried(name));
      expect(files.some(({ text }) => text.includes(`@${digest}`))).toBe(true);
      expect(stays[0]).toMatchObject({
        what: 'Image digest',
        value: digest,
        mark: expect.stringContaining(digest),
      });
    }
  });

  it.each(ROADS)('marks nothing that does not stand in its text: %s', async (name) => {
    for (const platform of PLATFORMS) {
      const { files, stays } = exportTo(platform, await carried(name));
      for (const { mark } of stays)
        if (mark)
          expect(
            files.some(({ text }) => text.includes(mark)),
            `${platform}: ${mark}`,
          ).toBe(true);
    }
  });

  it('says of every value of the run whether it stays or is lost', async () => {
    const told = {
      Memory: /Memory/,
      Processors: /Processors/,
      processes: /Number of processes/,
      user: /User/,
      workdir: /Working directory/,
      host: /Host name/,
      capabilities: /Capabilit/,
      root: /[Rr]oot filesystem|Read-only/,
      network: /[Nn]etwork/,
      mount: /Mount/,
    };
    for (const platform of PLATFORMS.filter((one) => one !== 'bundle')) {
      const { stays, lost } = exportTo(platform, await carried('portable-embedded'));
      const said = [...stays, ...lost].map(({ what }) => what);
      for (const wanted of Object.values(told))
        expect(
          said.some((one) => wanted.test(one)),
          `${platform} ${wanted}`,
        ).toBe(true);
    }
  });

  it('of every recorded trace has files, or says why not', async () => {
    for (const name of RECORDED) {
      const run = await carried(name);
      for (const platform of PLATFORMS) {
        const { files, lost } = exportTo(platform, run);
        if (files.length === 0) expect(lost.length, `${name} ${platform}`).toBeGreaterThan(0);
      }
    }
  });

  it('holds no line of a comment that a value could end', async () => {
    const { header, events } = await recordedTrace('portable-docker');
    const evil = JSON.parse(JSON.stringify(events).replaceAll('carried', 'x\\nrm -rf /')) as typeof events;
    const run = portableOf(header, evil, carriedContainers(evil)[0]!);
    for (const platform of ['compose', 'pod', 'aca'] as const) {
      const text = exportTo(platform, run).files[0]!.text;
      expect(Object.keys(parse(text) as object).length).toBeGreaterThan(0);
      expect(text).not.toMatch(/^rm -rf/m);
    }
    expect(exportTo('docker', run).files[0]!.text).toContain("--name 'x\nrm -rf /'");
  });
});

describe('a docker run command', () => {
  it('is one that a shell takes word by word, and stops at a variable that is not filled in', async () => {
    const { text } = await written('portable-docker', 'docker');
    expect(text).toMatch(/^ {2}--env GREETING="\$\{GREETING:\?fill in\}" \\$/m);
    expect(text).toContain('sh -c \'echo "$GREETING from $(hostname)"');
    expect(text.split('\n').filter((line) => /^ {2}--/.test(line))).toHaveLength(15);
  });

  it('keeps docker’s own flags', async () => {
    const { text } = await written('portable-watch', 'docker');
    for (const flag of ['--detach', '--restart on-failure', '--publish 8080:80', '--entrypoint sleep'])
      expect(text).toContain(`  ${flag} \\\n`);
  });
});

describe('a compose file', () => {
  it.each(ROADS)('is valid by the Compose Specification: %s', async (name) => {
    expect(composeFaults((await written(name, 'compose')).text)).toEqual([]);
  });

  it('would be refused with a field that the specification does not have', async () => {
    const { text } = await written('portable-docker', 'compose');
    expect(composeFaults(text.replace('mem_limit:', 'memory_limit:'))).not.toEqual([]);
  });

  it('keeps dollar signs from being filled in', async () => {
    const { text } = await written('portable-docker', 'compose');
    const { services } = parse(text) as { services: Record<string, { command: string[] }> };
    expect(services.carried!.command[2]).toContain('echo "$$GREETING from $$(hostname)"');
  });
});

describe('a Pod', () => {
  it.each(ROADS)('is valid by Kubernetes’ API: %s', async (name) => {
    expect(await podFaults((await written(name, 'pod')).text)).toEqual([]);
  });

  it('would be refused with a wrong type or an unknown field', async () => {
    const { text } = await written('portable-docker', 'pod');
    expect(await podFaults(text.replace('runAsUser: 1000', 'runAsUser: root'))).not.toEqual([]);
    expect(await podFaults(text.replace('runAsUser:', 'runAs:'))).not.toEqual([]);
  });

  it('has limits in Kubernetes’ units, numbers for users, and says that it can’t limit processes', async () => {
    const { text, lost } = await written('portable-docker', 'pod');
    const { spec } = parse(text) as { spec: { containers: Record<string, unknown>[] } };
    expect(spec.containers[0]).toMatchObject({
      resources: { limits: { memory: '64Mi', cpu: '500m' } },
      securityContext: { runAsUser: 1000, runAsGroup: 1000, readOnlyRootFilesystem: true },
      args: ['sh', '-c', expect.stringContaining('$$(hostname)')],
    });
    expect(lost.map(({ what }) => what)).toContain('Number of processes, 32');
  });
});

describe('a container app', () => {
  it.each(ROADS)('has the shape of Microsoft.App/containerApps: %s', async (name) => {
    expect(await containerAppFaults((await written(name, 'aca')).text)).toEqual([]);
  });

  it('would be refused with a wrong type or an unknown field', async () => {
    const { text } = await written('portable-docker', 'aca');
    expect(await containerAppFaults(text.replace('cpu: 0.5', 'cpu: half'))).not.toEqual([]);
    expect(
      await containerAppFaults(text.replace('targetPort', 'port').replace('scale:', 'scaling:')),
    ).not.toEqual([]);
  });

  it('says that memory comes in steps, and never calls it the same', async () => {
    const { stays, lost } = await written('portable-docker', 'aca');
    expect(stays.map(({ what }) => what)).not.toContain('Memory');
    expect(lost).toContainEqual({ what: 'Memory, 64 MiB', why: expect.stringContaining('1.0Gi') });
  });
});

describe('a bundle', () => {
  it.each(ROADS)('has a config.json that holds by the OCI runtime spec: %s', async (name) => {
    const { text } = await written(name, 'bundle');
    expect(faultsOf(text)).toMatchObject({ faults: [] });
    expect(faultsOf(text.replace('"cwd"', '"cmd"')).faults).not.toEqual([]);
  });

  it('holds the config without what was made for that one run', async () => {
    const { files } = await written('portable-embedded', 'bundle');
    expect(files.map(({ name }) => name)).toEqual(['config.json', 'fetch-rootfs.sh', 'README']);
    const config = JSON.parse(files[0]!.text) as Record<string, Record<string, unknown>>;
    expect(config.root).toMatchObject({ path: 'rootfs', readonly: true });
    expect(config.process).toMatchObject({ env: expect.arrayContaining(['GREETING=FILL IN', 'LANG=C']) });
    expect(config.linux).not.toHaveProperty('cgroupsPath');
    expect(JSON.stringify(config)).not.toContain('/etc/hosts');
    expect(files[1]!.text).toMatch(
      /^skopeo copy --src-tls-verify=false docker:\/\/127\S+@sha256:\w+ oci:image:run$/m,
    );
  });

  it('is made from what was asked for where nobody read config.json, and says so', async () => {
    const { files, lost, fill } = await written('portable-docker', 'bundle');
    const config = JSON.parse(files[0]!.text) as { process: object; linux: { resources: object } };
    expect(lost.map(({ what }) => what)).toContain('The run’s own config.json');
    expect(fill.join()).toContain('ENTRYPOINT comes before it');
    expect(config.process).toMatchObject({ user: { uid: 1000, gid: 1000 }, cwd: '/bin' });
    expect(JSON.stringify(config.process)).not.toMatch(/CAP_NET_RAW|"effective"/);
    expect(config.linux.resources).toMatchObject({
      memory: { limit: 67108864 },
      cpu: { quota: 50_000, period: 100_000 },
      pids: { limit: 32 },
    });
  });

  it('can’t be made where nobody tells what was executed, and says so', async () => {
    const { args: _, ...run } = await carried('portable-docker');
    const { files, lost } = exportTo('bundle', run);
    expect(files).toEqual([]);
    expect(lost.map(({ what }) => what)).toContain('config.json');
  });
});
