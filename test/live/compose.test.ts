import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab, watchNothing } from './embeddedLab.ts';

let lab: Lab;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-compose-'));
  lab = await openLab({ watch: watchNothing, calls: [], allowedMounts: ['/'] });
});
afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string): string {
  const path = join(folder, 'compose.yaml');
  writeFileSync(path, text);
  return path;
}

const compose = { via: 'compose', engine: 'private' } as const;
const SERVICES = `
version: "2.4"
services:
  store:
    image: starter
    stop_grace_period: 1s
    command: sh -c "echo store up; sleep 300"
  worker:
    image: starter
    depends_on: [store]
    command: sh -c "echo worker done; exit 4"
  web:
    image: starter
    depends_on: [store]
    stop_grace_period: 1s
    command: webserver
    ports: ["18077:8080"]
`;

it('three services come up in the order of their dependencies, each a container of its own, and go again', async () => {
  const going = await lab.start({ ...compose, image: file(SERVICES) });
  await going.says('worker done');
  await expect
    .poll(() => fetch('http://127.0.0.1:18077/').then((answer) => answer.text()), { timeout: 20_000 })
    .toContain('Hello');
  await going.run.stop();
  const ended = await going.ended();
  expect(ended.verdict).toMatchObject({ state: 'whole' });
  const facts = ended.events.filter(({ step }) => step === 'engine/has-container').map(({ data }) => data);
  const first = (service: string) => facts.findIndex((data) => data.service === service);
  expect(new Set(facts.map(({ service }) => service).filter(Boolean))).toEqual(
    new Set(['store', 'worker', 'web']),
  );
  expect(first('store')).toBeLessThan(Math.min(first('worker'), first('web')));
  expect(facts.find(({ service, state }) => service === 'worker' && state === 'stopped')).toMatchObject({
    exitCode: 4,
  });
  expect(new Set(facts.filter(({ gone }) => gone).map(({ id }) => id)).size).toBe(3);
  const commands = ended.events.filter(({ step, type }) => step === 'client/command' && type === 'begin');
  expect(
    commands.map(({ data }) => (data.argv as string[]).find((word) => /^(up|down)$/.test(word))),
  ).toEqual(['up', 'down']);
});

it('the exit code is compose’s own', async () => {
  const only = `version: "2.4"\nservices:\n  worker:\n    image: starter\n    command: sh -c "exit 4"\n`;
  const ended = await lab.run({ ...compose, image: file(only), command: ['--exit-code-from', 'worker'] });
  expect(ended).toMatchObject({ exitCode: 4, error: undefined });
});

it('a file that is not there, and one that nobody allowed, are refused', async () => {
  await expect(lab.start({ ...compose, image: '/no/such.yaml' })).rejects.toMatchObject({
    code: 'no-compose-file',
  });
  const careful = await openLab({ watch: watchNothing, calls: [] });
  await expect(careful.start({ ...compose, image: file(SERVICES) })).rejects.toMatchObject({
    code: 'compose-not-allowed',
  });
  await careful.close();
});
