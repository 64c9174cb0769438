import { expect, it } from 'vitest';
import { inTerminal } from './terminal.ts';

const TRACE = 'test/fixtures/traces/docker-oom.chain.gz';
const ON = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const OFF = '\u001b[?7h\u001b[?25h\u001b[?1049l';

it('a trace is played by keys in a real terminal, fits it after a change of size, and gives it back', async () => {
  const terminal = await inTerminal(['play', TRACE, '--step', '3']);
  await terminal.shows('step 3 of');
  expect(terminal.said()).toContain(ON);
  terminal.type('\u001b[C');
  await terminal.shows('step 4 of');
  expect(terminal.rows()).toHaveLength(24);
  expect(terminal.rows().join('\n')).toContain('❚❚ waiting');
  terminal.resize(10, 44);
  // stty changes rows and columns one after the other.
  const size = () => [terminal.rows().length, Math.max(...terminal.rows().map((row) => row.length))];
  await expect.poll(size).toEqual([10, 44]);
  terminal.type('\u001b[D\u001b[D');
  await terminal.shows('step 2 of');
  terminal.type('l+');
  await terminal.shows('calls · told time ×2');
  // So fast that it is at the end in no time.
  terminal.type('\u001b[F');
  await terminal.shows('■ at the end');
  terminal.type('q');
  expect(await terminal.ended()).toEqual({ exitCode: 0, isUsual: true });
  expect(terminal.said().split(OFF)).toHaveLength(2);
});

it('it plays by itself to the end, comes back after a stop, and a signal ends it with 128 and its number', async () => {
  const terminal = await inTerminal(['play', TRACE, '--speed', '1000', '--step', '30']);
  await terminal.shows('■ at the end');
  // Nobody could let it go on here, so it is back at once.
  terminal.type('\u001a');
  await expect.poll(() => terminal.said().split(ON).length).toBe(3);
  await terminal.shows('■ at the end');
  terminal.type(' ');
  await terminal.shows('▶ playing');
  terminal.signal('SIGTERM');
  expect(await terminal.ended()).toEqual({ exitCode: 143, isUsual: true });
  expect(terminal.said().split(OFF)).toHaveLength(3);
});
