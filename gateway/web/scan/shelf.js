// What this device keeps over reloads and power cuts: scans to upload, conflicts, the list it carries.

const NAME = "composteur";
const VERSION = 1;
const STORES = { scans: "nonce", conflicts: "nonce", list: "key", facts: "name" };

let opened = null;

function open() {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) asked.result.createObjectStore(name, { keyPath });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened;
}

// Does something in one transaction; it is on the disk when the promise is fulfilled.
export async function change(stores, doing, mode = "readwrite") {
  const database = await open();
  return new Promise((done, fail) => {
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    let found;
    transaction.oncomplete = () => done(found?.result);
    transaction.onerror = () => fail(transaction.error);
    transaction.onabort = () => fail(transaction.error);
    found = doing(...[stores].flat().map((name) => transaction.objectStore(name)));
  });
}

export const all = (store) => change(store, (rows) => rows.getAll(), "readonly");
export const one = (store, key) => change(store, (rows) => rows.get(key), "readonly");
export const put = (store, row) => change(store, (rows) => rows.put(row));
export const drop = (store, key) => change(store, (rows) => rows.delete(key));
