import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../apps/web/src/views/runForm/configPlaces.ts';

const TEXT = `{
  "hostname": "a \\"{ b",
  "process": { "args": ["x"], "user": { "uid": 0 } },
  "mounts": [{ "destination": "/proc" }, { "destination": "/dev", "options": ["ro"] }],
  "linux": { "resources": { "memory": { "limit": 5 } } }
}`;
const lineAt = (path: string, text = TEXT) => {
  const place = placeOf(text, path);
  return place && text.slice(place.from, place.to);
};

describe('the place of a field in a text', () => {
  it('is found by its path, and not by its name alone', () => {
    expect(lineAt('linux.resources.memory.limit')).toBe('"limit": 5 } } }');
    expect(lineAt('process.user.uid')).toBe('"uid": 0 } },');
    expect(lineAt('limit')).toBeUndefined();
  });

  it('is found inside lists, whose entries have no names', () => {
    expect(lineAt('mounts')).toMatch(/^"mounts": \[/);
    expect(lineAt('mounts.1.options')).toMatch(/^"options": \["ro"\]/);
  });

  it('is not misled by brackets in texts', () => {
    expect(lineAt('process.args')).toMatch(/^"args"/);
  });

  it('is found in a text that is broken further on', () => {
    expect(lineAt('hostname', `${TEXT.slice(0, 40)} nonsense`)).toMatch(/^"hostname"/);
  });
});
