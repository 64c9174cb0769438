import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programPath } from '../../apps/agent/src/programs.ts';
import { openPage, picture, sentences } from './browser.ts';
import { files, open, openLayers, sheet, slabs } from './layersSheet.ts';
import { withStockEngine } from './realHost.ts';
import { typeCommand } from './typeCommand.ts';

// A stock engine, started by the test and not by underdock; a real page that watches; commands typed beside it. Such a page
// shows what the whole host does: all tests of it are in this one file.
const host = withStockEngine();

const docker = (...args: string[]) =>
  typeCommand(programPath('docker'), '-H', `unix://${host.engine.socket}`, ...args);

describe('a page that watches its host', () => {
  it('shows a docker run that is typed in a terminal, from the command down to the process', async () => {
    const { page, errors } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: 'Watch', exact: true }).click();
    await page.getByRole('button', { name: 'Watching', exact: true }).waitFor();
    const typed = docker('run', '--rm', '--network', 'none', '--memory', '64m', 'img', 'sleep', '3');
    await page.locator('.command-line', { hasText: 'img sleep 3' }).waitFor();
    // Who touches a run stays with it: others may type commands on this host meanwhile.
    await page.keyboard.press('End');
    expect(await typed).toBe(0);
    await page.locator('.run-actions [role=status]', { hasText: 'exit code 0' }).waitFor();
    await page.locator('.sentence', { hasText: 'The command is over: exit code 0' }).waitFor();
    const told = await sentences(page);
    const inOrder = [
      /^Somebody types: docker run --rm --network none --memory 64m img sleep 3$/,
      /^The engine is asked to create a container: POST \/containers\/create$/,
      /^The engine is asked to start a container: POST /,
      /^containerd is asked to build the container and let its process wait: Tasks\/Create$/,
      /^containerd starts a shim for the container: containerd-shim-runc-v2$/,
      /^The shim is asked to have the runtime build the container: Task\/Create$/,
      /^runc begins to build the container from the bundle$/,
      /asks the kernel for its own view of mounts, the host name, shared memory, processes and the network$/,
      /^The limit of 64 MiB is written into memory\.(max|limit_in_bytes)$/,
      /^runc:\[2:INIT\] becomes sleep 3$/,
      /ends with exit code 0$/,
      /^The command is over: exit code 0$/,
    ].map((wanted) => told.findIndex((sentence) => wanted.test(sentence)));
    expect(inOrder).not.toContain(-1);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    expect(await picture(page)).toEqual(
      expect.arrayContaining(['docker', 'dockerd', 'containerd', 'containerd-shim', 'runc', 'taken apart']),
    );
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('tells quietly of a second one while the reader looks at the first', async () => {
    const { page } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: 'Watching' }).waitFor();
    await docker('run', '--rm', '--network', 'none', 'img', 'true');
    await page.locator('.command-line', { hasText: 'img true' }).waitFor();
    await page.keyboard.press('Home');
    await docker('run', '--rm', '--network', 'none', 'img', '/no/such');
    await page.locator('.news', { hasText: 'img /no/such' }).waitFor();
    await page.getByRole('button', { name: 'Show it' }).click();
    await page.locator('.run-actions [role=status]', { hasText: 'exit code 127' }).waitFor();
    await page.getByText('/no/such: no such file or directory').first().waitFor();
    await page.context().close();
  });
});

describe('the layers of a container that somebody types beside a page that watches', () => {
  const docker = (...args: string[]) =>
    execFileSync(programPath('docker'), ['-H', `unix://${host.engine.socket}`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
    });

  const build = () => {
    const context = join(host.engine.folder, 'context');
    mkdirSync(context);
    const steps = ['RUN mkdir /app && echo one > /app/old && echo x:y > /etc/shadow', 'RUN rm /app/old'];
    writeFileSync(join(context, 'Dockerfile'), ['FROM img', ...steps].join('\n'));
    docker('build', '-q', '--network', 'none', '-t', 'layered', context);
  };

  it('are those of the engine, with what made each, its own one between, and no passwords', async () => {
    build();
    const { page, errors } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: 'Watching' }).waitFor();
    docker(
      'run',
      '-d',
      '--name',
      'found',
      '--network',
      'none',
      'layered',
      'sh',
      '-c',
      'rm /bin/echo; sleep 600',
    );
    await page.getByRole('button', { name: /^Library/ }).click();
    await page.locator('.run-row', { hasText: '--name found' }).click();
    await openLayers(page);
    expect(await slabs(page)).toEqual([
      'What the container changed',
      'The engine’s own',
      'Image layer 3',
      'Image layer 2',
      'Image layer 1',
    ]);
    await sheet(page).getByText('RUN rm /app/old').waitFor();
    await open(page, 'bin/');
    await files(page).getByText('deletes echo').waitFor();
    await sheet(page)
      .getByRole('button', { name: /^Image layer 2/ })
      .click();
    await open(page, 'etc/');
    await open(page, 'shadow');
    await files(page)
      .getByText('The content is not shown: by its name it holds passwords or keys.')
      .waitFor();
    docker('rm', '-f', 'found');
    await sheet(page).getByRole('button', { name: 'Read again' }).click();
    await sheet(page)
      .getByText(/can’t be opened: its folder is not there any more/)
      .first()
      .waitFor();
    expect(errors.filter((line) => !line.includes('403'))).toEqual([]);
    await page.context().close();
  });
});
