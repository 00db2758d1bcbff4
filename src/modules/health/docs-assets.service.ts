import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';

export type DocsAsset = 'swagger-ui.css' | 'swagger-ui-bundle.js';

/** The two files of Swagger UI that the docs page needs, read once. */
@Injectable()
export class DocsAssets {
  private readonly files = new Map<DocsAsset, Promise<Buffer>>();

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'installDir'>) {}

  read(name: DocsAsset): Promise<Buffer> {
    let file = this.files.get(name);
    if (!file) {
      file = readFile(join(this.folder(), name));
      this.files.set(name, file);
    }
    return file;
  }

  private folder(): string {
    const resolver = createRequire(join(this.config.installDir, 'package.json'));
    return dirname(resolver.resolve('swagger-ui-dist/package.json'));
  }
}
