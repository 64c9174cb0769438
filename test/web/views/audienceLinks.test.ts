import { expect, it } from 'vitest';
import { audienceLinks } from '../../../apps/web/src/views/audienceLinks.ts';

const links = (doors: string[], page: string) =>
  audienceLinks({ token: 'look', doors }, new URL(page)).map(({ href }) => href);

it('a link for an audience leads to what is shown, at the address that the page itself was opened with', () => {
  expect(links(['https://lab.example/dock/'], 'https://lab.example/dock/?compare=a,b#run=x')).toEqual([
    'https://lab.example/dock/?compare=a%2Cb&token=look#run=x',
  ]);
});

it('an address that only this machine knows is given to nobody while there is another', () => {
  expect(links(['http://192.0.2.7:7070/'], 'http://127.0.0.1:7070/#run=x')).toEqual([
    'http://192.0.2.7:7070/?token=look#run=x',
  ]);
  expect(links([], 'http://localhost:7070/')).toEqual(['http://localhost:7070/?token=look']);
});

it('the token of who drives is never in it', () => {
  expect(links([], 'http://localhost:7070/?token=drive')).toEqual(['http://localhost:7070/?token=look']);
});
