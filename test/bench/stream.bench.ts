import { io } from 'socket.io-client';
import { startRealAgent } from '../e2e/agent.ts';
import { openBrowser } from '../e2e/browser.ts';
import { Notes } from './notes.ts';
import { quantile } from './pairs.ts';

/** How many programs the container starts one after the other: each is a clone, an execve, an exit and its facts. */
const PROGRAMS = Number(process.env.UNDERDOCK_BENCH_PROGRAMS ?? 2000);

/** From record to browser: a busy container, watched by bpftrace, followed by the page in a real browser. */
const agent = await startRealAgent();
const browser = await openBrowser();
try {
  const run = await start(`i=0; while [ $i -lt ${PROGRAMS} ]; do /bin/ls / >/dev/null; i=$((i+1)); done`);
  const [bySocket, byPage] = await Promise.all([followBySocket(run), followByPage(run)]);
  console.log(`from the kernel's act to who looks on, ${PROGRAMS} programs started in a container`);
  report('a socket client', bySocket);
  report('the page in Chromium', byPage);
} finally {
  await browser.close();
  await agent.close();
}

async function start(script: string): Promise<string> {
  const base = new URL(agent.drive);
  const headers = {
    authorization: `Bearer ${base.searchParams.get('token')}`,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ image: 'starter', command: ['/bin/sh', '-c', `sleep 3; ${script}`] });
  const answer = await fetch(new URL('api/runs', base), { method: 'POST', headers, body });
  return ((await answer.json()) as { id: string }).id;
}

async function followBySocket(run: string): Promise<Notes> {
  const base = new URL(agent.drive);
  const socket = io(base.origin, { auth: { token: base.searchParams.get('token') } });
  const notes = new Notes();
  for (const name of ['header', 'events']) socket.on(name, (message) => notes.take(name, message));
  socket.emit('follow', { run, fromSeq: 1 });
  await notes.closed;
  socket.close();
  return notes;
}

/** The page folds, tells and draws all the while: this is when its frames come in, not when they are drawn. */
async function followByPage(run: string): Promise<Notes> {
  const page = await browser.newPage();
  const notes = new Notes();
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const text = /^42\d*(\[.*)$/s.exec(payload.toString())?.[1];
      if (text) notes.take(...(JSON.parse(text) as Parameters<Notes['take']>));
    });
  });
  await page.goto(`${agent.drive}#run=${run}`);
  await notes.closed;
  return notes;
}

function report(who: string, { header, arrivals }: Notes): void {
  const lost = arrivals.filter(({ step }) => step === 'trace/lost-records').length;
  // What happened before anybody looked on came in one go; the busy part is what is measured.
  const began = arrivals.findIndex(({ step }) => step === 'low-level/start');
  const busy = arrivals.slice(began).filter(({ step }) => /^(kernel|process)\//.test(step));
  if (!header || busy.length < 100)
    throw new Error(`${who} got ${arrivals.length} events, too few to measure`);
  const delays = busy
    .map(({ at, arrivedMs }) => arrivedMs - (header.clock.wallMs + at))
    .sort((a, b) => a - b);
  const seconds = (busy.at(-1)!.arrivedMs - busy[0]!.arrivedMs) / 1000;
  const [median, p99] = [0.5, 0.99].map((q) => quantile(delays, q).toFixed(0));
  console.log(
    `  ${who.padEnd(22)} ${(busy.length / seconds).toFixed(0)} events/s, delay median ${median} ms, p99 ${p99} ms, ${lost} losses`,
  );
}
