#include "actors/store/version_cache.h"

namespace troupe::actors {

std::shared_ptr<const Published> VersionCache::find(WorkflowId workflow, std::int32_t version) {
  const std::lock_guard lock(mutex_);
  if (version == 0) {
    const auto latest = latest_.find(workflow);
    if (latest == latest_.end()) return nullptr;
    version = latest->second;
  }
  const auto found = entries_.find({workflow, version});
  if (found == entries_.end() || found->second->generation != generation_) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->published;
}

std::shared_ptr<const Published> VersionCache::compiled(WorkflowId workflow,
                                                        std::int32_t version) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({workflow, version});
  return found == entries_.end() ? nullptr : found->second->published;
}

std::uint64_t VersionCache::doubts() {
  const std::lock_guard lock(mutex_);
  return doubts_;
}

void VersionCache::put(std::shared_ptr<const Published> published, std::uint64_t doubts) {
  const std::lock_guard lock(mutex_);
  const Key key{published->workflow.id, published->version};
  const bool is_new = doubts == doubts_;
  const bool is_latest = published->version == published->workflow.latest_version;
  if (is_new && is_latest) latest_[key.first] = key.second;
  if (const auto found = entries_.find(key); found != entries_.end()) {
    order_.erase(found->second);
    entries_.erase(found);
  }
  order_.push_front({key, std::move(published), is_new ? generation_ : 0});
  entries_[key] = order_.begin();
  while (entries_.size() > entries_max_) {
    entries_.erase(order_.back().key);
    order_.pop_back();
  }
}

void VersionCache::doubt(WorkflowId workflow) {
  const std::lock_guard lock(mutex_);
  ++doubts_;
  latest_.erase(workflow);
  const auto first = entries_.lower_bound({workflow, 0});
  for (auto it = first; it != entries_.end() && it->first.first == workflow; ++it) {
    it->second->generation = 0;
  }
}

void VersionCache::doubt_all() {
  const std::lock_guard lock(mutex_);
  ++doubts_;
  ++generation_;
  latest_.clear();
}

void VersionCache::saw_catalog(std::uint64_t version) {
  if (catalog_.exchange(version) != version) doubt_all();
}

Result<std::shared_ptr<const Published>> load_version(store::Reader& reader, VersionCache& cache,
                                                      const graph::Tools& tools,
                                                      const graph::Limits& limits,
                                                      const store::TenantScope& scope,
                                                      WorkflowId workflow, std::int32_t version) {
  if (auto cached = cache.find(workflow, version)) {
    const store::Workflow& row = cached->workflow;
    const bool in_project = !scope.project || !row.project.set() || row.project == *scope.project;
    if (row.workspace == scope.workspace && in_project) return cached;
    return Error{Code::kNotFound, "there is no such workflow", {}};
  }
  const std::uint64_t doubts = cache.doubts();
  auto row = reader.workflow(scope, workflow);
  if (!row) return std::move(row).error();
  if (!*row) return Error{Code::kNotFound, "there is no such workflow", {}};
  auto published = std::make_shared<Published>();
  published->workflow = std::move(**row);
  published->workflow.graph.clear();
  published->version = version == 0 ? published->workflow.latest_version : version;
  if (published->version == 0) {
    return Error{Code::kNotPublished, "the workflow has no published version", {}};
  }
  // A version never changes; only what its workflow's row says may have.
  if (const auto before = cache.compiled(workflow, published->version)) {
    published->graph = before->graph;
    published->run_setup = before->run_setup;
    cache.put(published, doubts);
    return std::shared_ptr<const Published>(std::move(published));
  }
  auto stored = reader.version(workflow, published->version);
  if (!stored) return std::move(stored).error();
  if (!*stored) return Error{Code::kNotFound, "the workflow has no such version", {}};
  auto parsed = graph::parse(json::Text::trusted(std::move((*stored)->graph)), tools, limits);
  if (parsed.graph == nullptr) return graph::to_error(parsed.issues);
  published->graph = std::move(parsed.graph);
  if (!(*stored)->run_setup.empty()) {
    published->run_setup = json::Text::trusted(std::move((*stored)->run_setup));
  }
  cache.put(published, doubts);
  return std::shared_ptr<const Published>(std::move(published));
}

}  // namespace troupe::actors
