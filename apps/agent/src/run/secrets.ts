/** What stands in place of a secret, everywhere. */
export const REDACTED = '[redacted]';

/** Environment variables whose values are no secrets: the shell's and the locale's own. */
const PLAIN_NAMES = new Set(
  'PATH HOME TERM HOSTNAME LANG LANGUAGE SHELL PWD OLDPWD USER LOGNAME TZ SHLVL EDITOR PAGER COLUMNS LINES DEBIAN_FRONTEND container'.split(
    ' ',
  ),
);

/** Whether the value of this environment variable has to be redacted. `LC_*`, `PATH` and their like need not. */
export function isSecretName(name: string): boolean {
  return !PLAIN_NAMES.has(name) && !name.startsWith('LC_');
}

/** Keys of objects whose text is always a secret (a registry's auth file, request headers). */
export const SECRET_KEY =
  /^(authorization|proxy-authorization|cookie|set-cookie|password|passwd|passphrase|secret|token|access_token|refresh_token|identitytoken|registrytoken|auth|api_?key|private_?key|x-registry-auth)$/i;

/** Flags whose next argument is a secret. */
export const SECRET_FLAG =
  /^--?[\w-]{0,40}(password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credentials?|creds)$/i;

const NAMED =
  'password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|x-amz-signature|x-amz-credential|signature';

interface Pattern {
  name: string;
  pattern: RegExp;
  replacement: string;
}

// Every quantifier is bounded: a hostile string may cost time in proportion to its length, not to its square.
const PATTERNS: Pattern[] = [
  {
    name: 'private key',
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
    replacement: REDACTED,
  },
  {
    name: 'credentials in a url',
    pattern: /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@?#"']{1,1024}@/gi,
    replacement: `$1${REDACTED}@`,
  },
  {
    name: 'authorization header',
    pattern: /\b(Bearer|Basic)\s{1,4}(?=[^\s"',]*[\d=.])[A-Za-z0-9+/=._~-]{8,4096}/g,
    replacement: `$1 ${REDACTED}`,
  },
  {
    name: 'json web token',
    pattern: /\beyJ[\w-]{8,2048}\.[\w-]{8,4096}(?:\.[\w-]{0,2048})?/g,
    replacement: REDACTED,
  },
  { name: 'aws key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, replacement: REDACTED },
  {
    name: 'access token',
    pattern:
      /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,255}|xox[abeoprs]-[\w-]{10,255}|npm_[A-Za-z0-9]{36}|AIza[\w-]{35}|[sr]k_(?:live|test)_\w{16,255}|sk-[\w-]{20,255}|dckr_(?:pat|oat)_[\w-]{20,255}|hf_[A-Za-z0-9]{30,255})/g,
    replacement: REDACTED,
  },
  {
    name: 'named secret',
    pattern: new RegExp(`((?:${NAMED})["']?\\s{0,2}=\\s{0,2}["']?)[^\\s"'&;,]{4,4096}`, 'gi'),
    replacement: `$1${REDACTED}`,
  },
  {
    name: 'named secret',
    pattern: new RegExp(
      `((?:${NAMED})["']?\\s{0,2}:\\s{0,2}["']?)(?=[^\\s"'&;,]*\\d)[^\\s"'&;,]{12,4096}`,
      'gi',
    ),
    replacement: `$1${REDACTED}`,
  },
];

// One look that tells nearly every harmless string apart from the few that need the patterns.
const SUSPICIOUS =
  /-----BEGIN|:\/\/[^\s/]*@|bearer|basic|eyJ|AKIA|ASIA|gh[pousr]_|github_pat|glpat-|xox|npm_|AIza|k_live|k_test|sk-|dckr_|hf_|pass|pwd|secret|token|key|credential|signature/i;

/** Replaces what looks like a key or a credential whoever it belongs to; calls back with the kind of each find. */
export function redactPatterns(text: string, found: (name: string) => void): string {
  if (!SUSPICIOUS.test(text)) return text;
  let result = text;
  for (const { name, pattern, replacement } of PATTERNS) {
    const next = result.replace(pattern, replacement);
    if (next !== result) found(name);
    result = next;
  }
  return result;
}
