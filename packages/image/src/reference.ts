import { isDigest } from './digest.ts';
import { ImageError } from './error.ts';

/** An image's name, taken apart and with docker's defaults filled in. */
export interface ImageReference {
  /** Registry as named, with its port: `docker.io`, `127.0.0.1:5000`. */
  domain: string;
  /** Repository in the registry: `library/nginx`. */
  path: string;
  /** `latest` when neither tag nor digest was given. */
  tag?: string;
  digest?: string;
  /** As docker shows it: `nginx:latest`. */
  familiar: string;
  /** Unambiguous: `docker.io/library/nginx:latest`. */
  full: string;
}

// The grammar of distribution/reference (regexp.go), which docker uses.
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])`;
const domainPattern = `${host}(?::[0-9]+)?`;
const digestPattern = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const WHOLE = new RegExp(
  `^(${domainPattern})/(${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?(?:@(${digestPattern}))?$`,
);
const IDENTIFIER = /^[a-f0-9]{64}$/;
const LONGEST_PATH = 255;

/**
 * Takes an image's name apart exactly as docker does (distribution/reference, ParseNormalizedNamed and TagNameOnly).
 * `aliases` maps a short name without tag (`starter`) to what it stands for; its tag or digest, if any, is kept.
 * Throws ImageError `bad-reference`.
 */
export function parseReference(text: string, aliases: Record<string, string> = {}): ImageReference {
  const named = replaceAlias(text, aliases);
  if (named === '') throw bad(text, 'it is empty');
  if (IDENTIFIER.test(named)) throw bad(text, 'an image id of 64 hexadecimal digits can’t be pulled');
  const { domain, remainder } = splitDomain(named);
  const match = WHOLE.exec(`${domain}/${remainder}`);
  if (!match) throw explain(text, domain, remainder);
  const [, , path = '', tag, digest] = match;
  if (path.length > LONGEST_PATH)
    throw bad(text, `the repository name has ${path.length} characters, at most ${LONGEST_PATH} are allowed`);
  if (digest !== undefined && !isDigest(digest))
    throw bad(text, 'the digest must be sha256: and 64, or sha512: and 128 lower-case hexadecimal digits');
  return referenceOf(domain, path, tag, digest);
}

function referenceOf(domain: string, path: string, tag?: string, digest?: string): ImageReference {
  const shownTag = tag ?? (digest === undefined ? 'latest' : undefined);
  const suffix = (shownTag === undefined ? '' : `:${shownTag}`) + (digest === undefined ? '' : `@${digest}`);
  const familiarName =
    domain === 'docker.io' ? path.replace(/^library\/(?=[^/]+$)/, '') : `${domain}/${path}`;
  return {
    domain,
    path,
    ...(shownTag === undefined ? {} : { tag: shownTag }),
    ...(digest === undefined ? {} : { digest }),
    familiar: familiarName + suffix,
    full: `${domain}/${path}${suffix}`,
  };
}

/** The same repository with another tag or digest. */
export function withTarget(
  reference: ImageReference,
  target: { tag?: string; digest?: string },
): ImageReference {
  return referenceOf(reference.domain, reference.path, target.tag, target.digest);
}

function replaceAlias(text: string, aliases: Record<string, string>): string {
  const match = /^([^/:@]+)((?::[^/@]*)?(?:@.*)?)$/.exec(text);
  if (!match?.[1] || !Object.hasOwn(aliases, match[1])) return text;
  return aliases[match[1]] + (match[2] ?? '');
}

function splitDomain(name: string): { domain: string; remainder: string } {
  const slash = name.indexOf('/');
  const head = slash < 0 ? '' : name.slice(0, slash);
  const isDomain = slash >= 0 && (/[.:]/.test(head) || head === 'localhost' || head.toLowerCase() !== head);
  let domain = isDomain ? head : 'docker.io';
  let remainder = isDomain ? name.slice(slash + 1) : name;
  if (domain === 'index.docker.io') domain = 'docker.io';
  if (domain === 'docker.io' && !remainder.includes('/')) remainder = `library/${remainder}`;
  return { domain, remainder };
}

function explain(text: string, domain: string, remainder: string): ImageError {
  const repository = remainder.split(/[:@]/, 1)[0] ?? '';
  if (repository !== repository.toLowerCase())
    return bad(text, `the repository name must be lower case: ${JSON.stringify(repository.toLowerCase())}`);
  if (/\s/.test(text)) return bad(text, 'it contains a space');
  if (!new RegExp(`^${domainPattern}$`).test(domain))
    return bad(text, `${JSON.stringify(domain)} is no registry host, with or without :port`);
  if (!new RegExp(`^${component}(?:/${component})*$`).test(repository))
    return bad(
      text,
      `the repository name ${JSON.stringify(repository.replace(/^library\//, ''))} may hold a-z and 0-9, joined by single . _ - or /`,
    );
  if (remainder.includes('@'))
    return bad(text, 'what follows @ must be a digest such as sha256: and 64 hexadecimal digits');
  return bad(text, 'a tag may hold at most 128 of A-Z a-z 0-9 _ . - and may not start with . or -');
}

function bad(text: string, why: string): ImageError {
  return new ImageError(
    'bad-reference',
    `${JSON.stringify(text)} is not an image name: ${why}; write it as [HOST[:PORT]/]NAME[:TAG][@DIGEST]`,
  );
}
