import type Provider from 'oidc-provider';

let loaded: typeof Provider | undefined;

/** Loads `oidc-provider` without its sentence about Node 20, which is noise in every test file. */
export async function loadProviderClass(): Promise<typeof Provider> {
  if (loaded !== undefined) return loaded;
  const { warn } = console;
  console.warn = (...text: unknown[]) => {
    if (!String(text[0]).includes('Unsupported runtime')) warn(...text);
  };
  try {
    loaded = (await import('oidc-provider')).default;
  } finally {
    console.warn = warn;
  }
  return loaded;
}
