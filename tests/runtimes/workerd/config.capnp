# One worker and the modules that it imports, served at an address that the command line gives.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .conformance)],
  sockets = [(name = "http", http = (), service = "main")],
);

const conformance :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "../build/workerd/worker.js"),
    (name = "training.wasm", wasm = embed "../build/workerd/training.wasm"),
    (name = "inference.wasm", wasm = embed "../build/workerd/inference.wasm"),
  ],
  compatibilityDate = "2026-04-01",
);
