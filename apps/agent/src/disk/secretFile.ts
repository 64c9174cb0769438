import { basename } from 'node:path';

/** Folders whose files hold keys and credentials, wherever they lie. */
const FOLDERS =
  /(^|\/)(\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.config\/gcloud|\.password-store|(var\/)?run\/secrets|etc\/(ssl|pki\/tls)\/private)\//;
const NAMES =
  /^(g?shadow[-~]?|master\.passwd|opasswd|\.?htpasswd|\.?netrc|_netrc|\.pgpass|\.my\.cnf|\.git-credentials|\.npmrc|\.yarnrc\.yml|\.pypirc|\.dockercfg|\.dockerconfigjson|\.vault-token|\.env(\..+)?|credentials?(\.(json|ya?ml|xml|ini|db|toml))?|secrets?(\.(json|ya?ml|env|toml|txt))?|auth\.json|kubeconfig|\w*_history|\.\w+_history|id_(rsa|dsa|ecdsa|ed25519)(_sk)?|ssh_host_\w+_key)$/;
const ENDINGS = /\.(key|p12|pfx|pkcs12|jks|keystore|kdbx?|keytab|ppk|gpg|asc|tfstate)$/;
const DOCKER_LOGIN = /(^|\/)\.docker\/config\.json$/;

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|PuTTY-User-Key-File|AGE-SECRET-KEY-1/;
/** A line of shadow(5) or of htpasswd: a name and a hash of crypt(5). */
const PASSWORD_HASH = /^[^:\s]{1,64}:\$(1|2[abxy]?|5|6|7|y|gy|sm3|apr1|argon2\w{0,2})\$/m;

/** Why the content of a file is not shown, judged by its path in the layer; undefined = nothing speaks against it. */
export function secretPath(path: string): string | undefined {
  const name = basename(path);
  if (FOLDERS.test(path) && !name.endsWith('.pub')) return 'files in this folder are keys or credentials';
  const isSecret = NAMES.test(name) || ENDINGS.test(name) || DOCKER_LOGIN.test(path);
  return isSecret ? 'by its name it holds passwords or keys' : undefined;
}

/** Why a text is not shown, judged by what it says: a key or a table of password hashes by any other name. */
export function secretText(text: string): string | undefined {
  if (PRIVATE_KEY.test(text)) return 'it holds a private key';
  return PASSWORD_HASH.test(text) ? 'it holds password hashes' : undefined;
}
