import { CONFIG_FIELDS, configFieldStory } from '@underdock/story';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../apps/agent/src/via/oci/configSchema.ts';

interface Shaped {
  shape?: Record<string, Shaped>;
  unwrap?: () => Shaped;
}

const hasField = (path: string) =>
  path.split('.').reduce<Shaped | undefined>(
    (at, key) => {
      let next = at?.shape?.[key];
      while (next && !next.shape && next.unwrap) next = next.unwrap();
      return next;
    },
    configSchema as unknown as Shaped,
  ) !== undefined;

describe('the words for fields of config.json', () => {
  it.each(Object.keys(CONFIG_FIELDS))('%s is a field of the runtime spec', (path) => {
    expect(hasField(path)).toBe(true);
  });

  it('serve for what a field is part of', () => {
    expect(configFieldStory('mounts.3.options')).toBe(CONFIG_FIELDS.mounts);
    expect(configFieldStory('linux.resources.memory.limit')).toBe(CONFIG_FIELDS['linux.resources.memory']);
    expect(configFieldStory('nonsense')).toBeUndefined();
  });
});
