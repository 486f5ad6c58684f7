#include "actors/store/start_group.h"

#include "actors/store/load_run.h"

namespace troupe::actors {
namespace {

Status bring_values(store::Reader& reader, run::record::RunCreated& spec) {
  const auto payloads = payload_source(reader, spec.bucket, spec.project);
  const auto bring = [&payloads](run::Value& value) -> Status {
    if (value.resident()) return ok();
    auto text = payloads(value.ref);
    if (!text) return std::move(text).error();
    value.text = std::move(*text);
    return ok();
  };
  for (run::Value* value : {&spec.input, &spec.group.items}) {
    if (Status brought = bring(*value); !brought) return brought;
  }
  for (auto& [step, value] : spec.overlays) {
    if (Status brought = bring(value); !brought) return brought;
  }
  for (run::Carried& carried : spec.carried) {
    if (Status brought = bring(carried.result); !brought) return brought;
    if (Status brought = bring(carried.input); !brought) return brought;
  }
  return ok();
}

}  // namespace

void start_group_run(Services& services, store::Reader& reader, const TenantActor& tenant,
                     const StartGroup& wanted) {
  auto spec = std::make_shared<run::record::RunCreated>(*wanted.spec);
  if (Status brought = bring_values(reader, *spec); !brought) {
    return wanted.done(std::move(brought).error());
  }
  auto published = published_version(services, reader, {spec->workspace, std::nullopt},
                                     spec->workflow, spec->version);
  if (!published) return wanted.done(std::move(published).error());
  caf::anon_send(tenant, StartMade{wanted.run, std::move(*published), spec, true, wanted.done});
}

}  // namespace troupe::actors
