import { describe, expect, it } from 'vitest';
import { programPath } from '../../apps/agent/src/programs.ts';
import { openPage, picture, sentences } from './browser.ts';
import { withStockEngine } from './realHost.ts';
import { typeCommand } from './typeCommand.ts';

// A stock engine, started by the test and not by underdock; a real page that watches; commands typed beside it.
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
