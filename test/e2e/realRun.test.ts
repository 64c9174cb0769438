import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openWay, startRealAgent } from './agent.ts';
import { openPage, picture, runFromForm, sentences, untilState } from './browser.ts';
import { withRealHost } from './realHost.ts';

const host = withRealHost();

const evidence = (page: Page) => page.getByRole('region', { name: 'Evidence' });
/** Follows to the newest step and waits until it is told. */
const toTheEnd = async (page: Page) => {
  await page.keyboard.press('End');
  await page.waitForFunction(() => {
    const count = document.querySelector('.step-count')?.textContent ?? '';
    const [, current, all] = /(\d+) of (\d+)/.exec(count) ?? [];
    return current !== undefined && current === all;
  });
};

describe('a container that is run from the page', () => {
  it('starts with one click, is drawn as it happens, lives, and is stopped with one', async () => {
    const { page, errors, faults } = await openPage(host.browser, host.agent.drive);
    expect(page.url()).not.toContain('token');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Run it' }).click();
    await untilState(page, 'running');
    await page.getByText('hello from diver').first().waitFor();
    await toTheEnd(page);
    expect((await sentences(page)).length).toBeGreaterThan(15);
    expect(await picture(page)).toEqual(expect.arrayContaining(['runc', 'mnt', 'pid 1 inside']));
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await untilState(page, /exit code (137|143)/);
    await page.getByRole('button', { name: 'Run it again' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows the evidence behind an arrow that is clicked, and leads up its causes', async () => {
    const { page, errors } = await openPage(host.browser, host.agent.drive);
    await runFromForm(page, 'underdock run --memory 64m starter /bin/true');
    await untilState(page, 'exit code 0');
    await toTheEnd(page);
    await page
      .locator('.story button', { hasText: /asks the kernel for its own view/ })
      .first()
      .click();
    const arrow = page.locator('.dive g.part-arrow[role=button].is-current').first();
    await arrow.waitFor();
    await arrow.click();
    await evidence(page).getByText('Observed: seen at the moment it happened.').waitFor();
    await evidence(page).locator('summary', { hasText: 'Seen by a tracepoint' }).first().click();
    expect(await evidence(page).locator('.raw pre').first().textContent()).toContain('"pid"');
    await evidence(page)
      .locator('.causes')
      .getByRole('button', { name: /create$/ })
      .last()
      .click();
    await evidence(page).getByText('command line').waitFor();
    expect(await evidence(page).locator('.call-name').textContent()).toMatch(/create/);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows the same picture and story after a reload, and to whoever comes late', async () => {
    const first = await openPage(host.browser, host.agent.drive);
    await runFromForm(first.page, `underdock run starter /bin/sh -c 'echo one; exit 3'`);
    await untilState(first.page, 'exit code 3');
    await toTheEnd(first.page);
    const seen = { story: await sentences(first.page), picture: await picture(first.page) };
    await first.page.reload();
    await untilState(first.page, 'exit code 3');
    await first.page.locator('.story [aria-current=step]').waitFor();
    expect({ story: await sentences(first.page), picture: await picture(first.page) }).toEqual(seen);
    const late = await openPage(host.browser, `${host.agent.watch}${new URL(first.page.url()).hash}`);
    await late.page.locator('.story [aria-current=step]').waitFor();
    expect({ story: await sentences(late.page), picture: await picture(late.page) }).toEqual(seen);
    expect([...first.errors, ...late.errors]).toEqual([]);
    await Promise.all([first.page.context().close(), late.page.context().close()]);
  });

  it('is held between create and start, with its waiting process, until it is let go', async () => {
    const { page, errors, faults } = await openPage(host.browser, host.agent.drive);
    await runFromForm(page, `underdock run --hold starter /bin/sh -c 'echo let go'`);
    await untilState(page, 'held before start');
    await toTheEnd(page);
    const held = page.getByRole('region', { name: 'Held before start' });
    await held.waitFor();
    expect(await held.textContent()).toMatch(/pid \d+ here, pid 1 inside/);
    expect(await held.textContent()).toContain('mnt');
    expect(await picture(page)).toContain('waits for start');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Let it start' }).click();
    await untilState(page, 'exit code 0');
    await page.getByText('let go').first().waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('is talked to in a terminal, which has the size that is seen', async () => {
    const { page, errors, faults } = await openPage(host.browser, host.agent.drive);
    await runFromForm(page, 'underdock run --interactive --tty starter /bin/sh');
    await untilState(page, 'running');
    const console = page.locator('.console[data-open=true]');
    await console.waitFor();
    await toTheEnd(page);
    await console.click();
    await page.keyboard.type('echo $((6*7))$((6*7))\n');
    await page.locator('.console', { hasText: '4242' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.keyboard.type('exit 5\n');
    await untilState(page, 'exit code 5');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('gets lines on its input, and its end', async () => {
    const { page, errors } = await openPage(host.browser, host.agent.drive);
    await runFromForm(
      page,
      `underdock run --interactive starter /bin/sh -c 'read a; echo got $a; read b || exit 6'`,
    );
    await untilState(page, 'running');
    const input = page.getByLabel('Input');
    await input.fill('fish');
    await input.press('Enter');
    await page.getByText('got fish').first().waitFor();
    await page.getByRole('button', { name: 'End the input' }).click();
    await untilState(page, 'exit code 6');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('that can’t be started is red at the arrow where it failed, with what to do', async () => {
    const { page, errors, faults } = await openPage(host.browser, host.agent.drive);
    await runFromForm(page, 'underdock run starter /bin/no-such-program');
    await untilState(page, /failed|exit code 127/);
    await toTheEnd(page);
    await evidence(page).getByRole('button', { name: 'Show where it broke' }).click();
    expect(await page.locator('.story-step.is-current.is-failed').count()).toBe(1);
    expect(await page.locator('.dive .is-failed').count()).toBeGreaterThan(0);
    expect(await evidence(page).textContent()).toContain('no-such-program');
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('made by hand can be made again with one shell script', async () => {
    const { page, errors } = await openPage(host.browser, host.agent.drive, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await runFromForm(page, 'underdock run --runtime by-hand starter /bin/true');
    await untilState(page, 'exit code 0');
    await toTheEnd(page);
    await page.locator('.story-step.on-low-level button').first().click();
    await evidence(page).getByRole('button', { name: 'Copy it all as one shell script' }).click();
    await evidence(page).getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^#!\/bin\/sh[\s\S]*unshare/);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('is refused beside the field when the command is wrong, and by the agent in its words', async () => {
    const { page } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: 'New run' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^Memory/).fill('lots');
    await dialog.getByRole('button', { name: 'Run it' }).click();
    await dialog.getByText('must be a size such as 64m').waitFor();
    expect(await dialog.getByLabel(/^Memory/).getAttribute('aria-invalid')).toBe('true');
    await dialog.getByLabel(/^Memory/).fill('32m');
    await dialog.getByLabel(/^Folders of the host/).fill('/etc:/mnt');
    expect(await dialog.getByLabel('The command').first().inputValue()).toContain(
      '--memory 32m --hostname diver --volume /etc:/mnt',
    );
    await dialog.getByRole('button', { name: 'Run it' }).click();
    await dialog.getByRole('alert').getByText('What to do').waitFor();
    await page.context().close();
  });

  it('may be seen but not driven with the link for an audience', async () => {
    const { page, errors } = await openPage(host.browser, host.agent.watch);
    await page.getByText('Your link may look, not drive').waitFor();
    expect(await page.getByRole('button', { name: /New run|Run it|Stop|Remove/ }).count()).toBe(0);
    await page.keyboard.press('r');
    expect(await page.getByRole('dialog').count()).toBe(0);
    const status = await page.evaluate(async () => {
      const token = Object.values(sessionStorage)[0];
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      return (await fetch('api/runs', { method: 'POST', headers, body: '{"image":"starter"}' })).status;
    });
    expect(status).toBe(403);
    expect(errors.filter((text) => !text.includes('403'))).toEqual([]);
    await page.context().close();
  });

  it('goes on where it was after the way to the agent was cut and mended', async () => {
    const way = await openWay(host.agent.port);
    const link = new URL(host.agent.drive);
    link.port = String(way.port);
    const { page } = await openPage(host.browser, link.href);
    await runFromForm(
      page,
      `underdock run --interactive starter /bin/sh -c 'echo before; read a; echo after'`,
    );
    await untilState(page, 'running');
    await expect.poll(async () => (await sentences(page)).length, { timeout: 30_000 }).toBeGreaterThan(10);
    way.cut();
    await page.getByText('The agent is gone; reconnecting.').waitFor();
    expect((await sentences(page)).length).toBeGreaterThan(10);
    way.mend();
    await page.getByText('The agent is gone; reconnecting.').waitFor({ state: 'detached' });
    await page.getByLabel('Input').fill('x');
    await page.getByLabel('Input').press('Enter');
    await page.getByText('after').first().waitFor();
    await untilState(page, 'exit code 0');
    await page.context().close();
    await way.close();
  });
});

describe('an agent that was killed', () => {
  it('is missed at once, and the page finds its successor and its old run by itself, with the same link', async () => {
    const doomed = await startRealAgent();
    const { page } = await openPage(host.browser, doomed.drive);
    await runFromForm(page, 'underdock run starter /bin/true');
    await untilState(page, 'exit code 0');
    await toTheEnd(page);
    const story = await sentences(page);
    await doomed.crash();
    await page.getByText('The agent is gone; reconnecting.').waitFor();
    expect(await sentences(page)).toEqual(story);
    expect(await page.getByRole('button', { name: 'New run' }).isDisabled()).toBe(true);
    const next = await startRealAgent({ port: doomed.port, stateDir: doomed.stateDir });
    try {
      expect(next.drive).toBe(doomed.drive);
      await page.getByRole('alert').waitFor({ state: 'detached' });
      expect(await sentences(page)).toEqual(story);
      await page.reload();
      await page.getByText(story[0]!).first().waitFor();
      await toTheEnd(page);
      expect(await sentences(page)).toEqual(story);
      await runFromForm(page, 'underdock run starter /bin/true');
      await untilState(page, 'exit code 0');
    } finally {
      await page.context().close();
      await next.close();
    }
  });
});
