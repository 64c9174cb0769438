import { ImageError, parseReference } from '@underdock/image';
import { describe, expect, test } from 'vitest';

const SHA = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('an image name', () => {
  // The cases of distribution/reference’s own tests (normalize_test.go, reference_test.go), as docker resolves them.
  test.each([
    ['nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27', 'nginx:1.27'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['library/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest', '127.0.0.1:5000/a/b/c:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['Registry/app', 'Registry/app:latest', 'Registry/app:latest'],
    ['ghcr.io/o/r', 'ghcr.io/o/r:latest', 'ghcr.io/o/r:latest'],
    ['a__b--c.d_e', 'docker.io/library/a__b--c.d_e:latest', 'a__b--c.d_e:latest'],
    [`nginx@${SHA}`, `docker.io/library/nginx@${SHA}`, `nginx@${SHA}`],
    [`nginx:1@${SHA}`, `docker.io/library/nginx:1@${SHA}`, `nginx:1@${SHA}`],
    [
      'docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a',
      'docker.io/library/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a:latest',
      '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a:latest',
    ],
    [`a:${'t'.repeat(128)}`, `docker.io/library/a:${'t'.repeat(128)}`, `a:${'t'.repeat(128)}`],
  ])('%s means %s', (text, full, familiar) => {
    const reference = parseReference(text);
    expect([reference.full, reference.familiar]).toEqual([full, familiar]);
    expect(parseReference(reference.full).full).toBe(full);
  });

  test.each([
    ['', 'empty'],
    ['Nginx', 'lower case: "library/nginx"'],
    ['docker.io/Nginx', 'lower case'],
    ['user/App', 'lower case'],
    ['a b', 'a space'],
    ['nginx:', 'tag'],
    ['nginx:-x', 'tag'],
    [`a:${'t'.repeat(129)}`, 'at most 128'],
    ['a//b', 'repository name'],
    ['a/', 'repository name'],
    ['-a', 'repository name'],
    ['a..b', 'repository name'],
    ['a___b', 'repository name'],
    ['https://ghcr.io/o/r', ''],
    ['host:port/app', 'no registry host'],
    ['nginx@sha256:abc', 'digest'],
    [`nginx@sha256:${'A'.repeat(64)}`, 'digest'],
    [`nginx@sha256:${'a'.repeat(63)}`, 'digest'],
    [`nginx@md5:${'a'.repeat(32)}`, 'digest'],
    ['0123456789abcdef'.repeat(4), 'image id'],
    [`x/${'a'.repeat(255)}`, 'at most 255'],
    ['a\n', ''],
  ])('%j is refused with what is wrong about it', (text, words) => {
    let error: unknown;
    try {
      parseReference(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ImageError);
    expect((error as ImageError).code).toBe('bad-reference');
    expect((error as ImageError).message).toContain(words);
  });

  test('may be an alias, which keeps its own tag', () => {
    const aliases = { starter: '127.0.0.1:4000/starter' };
    expect(parseReference('starter', aliases).full).toBe('127.0.0.1:4000/starter:latest');
    expect(parseReference('starter:old', aliases).full).toBe('127.0.0.1:4000/starter:old');
    expect(parseReference('x/starter', aliases).full).toBe('docker.io/x/starter:latest');
  });
});
