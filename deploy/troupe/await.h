#pragma once

#include <future>
#include <memory>
#include <utility>

#include "runtime/port/engine.h"

namespace troupe::cli {

/// Calls `ask(callback)` and blocks until the engine answers. For the main thread of a command
/// only.
template <class T, class Ask>
Result<T> await(Ask ask) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  std::future<Result<T>> answer = promise->get_future();
  ask([promise](Result<T> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

/// Runs `query(reader)` on one of the store's threads and blocks for its Result.
template <class T, class Query>
Result<T> await_read(Engine& engine, Query query) {
  return await<T>([&](auto done) {
    engine.read([query, done](store::Reader& reader) { done(query(reader)); });
  });
}

/// The same on the store's writer thread.
template <class T, class Change>
Result<T> await_write(Engine& engine, Change change) {
  return await<T>([&](auto done) {
    engine.write([change, done](store::Writer& writer) { done(change(writer)); });
  });
}

}  // namespace troupe::cli
