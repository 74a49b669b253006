/** What arrived, in order, and a way to wait for what did not yet. */
export class Inbox {
  #items = [];
  #waiting = [];

  put(item) {
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter(item);
    } else {
      this.#items.push(item);
    }
  }

  /** The oldest item, once there is one. */
  next() {
    return this.#items.length > 0
      ? Promise.resolve(this.#items.shift())
      : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next `count` items. */
  async take(count) {
    const items = [];
    while (items.length < count) {
      items.push(await this.next());
    }
    return items;
  }

  /** All items before `last`, which is taken out as well. */
  async until(last) {
    const items = [];
    for (let item = await this.next(); item !== last; item = await this.next()) {
      items.push(item);
    }
    return items;
  }
}
