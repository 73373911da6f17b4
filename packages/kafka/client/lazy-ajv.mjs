import { createRequire } from 'node:module';

/**
 * Replaces Ajv in the bundle: a schema is compiled when something is first checked by it. The library compiles some
 * sixty when it is loaded, and checks by none of them unless a client is made with `strict`.
 */
export class Ajv2020 {
  #options;
  #keywords = [];
  #ajv;

  constructor(options) {
    this.#options = options;
  }

  addKeyword(keyword) {
    this.#keywords.push(keyword);
    return this;
  }

  compile(schema) {
    let validate;
    const lazy = (data) => {
      validate ??= this.#real().compile(schema);
      const valid = validate(data);
      lazy.errors = validate.errors;
      return valid;
    };
    return lazy;
  }

  #real() {
    if (!this.#ajv) {
      const { Ajv2020: Ajv } = createRequire(import.meta.url)('ajv/dist/2020.js');
      this.#ajv = new Ajv(this.#options);
      for (const keyword of this.#keywords) this.#ajv.addKeyword(keyword);
    }
    return this.#ajv;
  }
}
