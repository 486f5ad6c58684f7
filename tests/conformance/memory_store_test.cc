#include "adapters/memory/memory_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/store_suite.h"

namespace troupe::testing {
namespace {

class MemoryHarness final : public StoreHarness {
 public:
  store::Store& store() override { return *store_; }
  void reopen() override {
    store_->crash();
    store_ = store_->clone();
  }
  const Hasher& hasher() const override { return hasher_; }
  void damage_snapshot(RunId entity) override { store_->damage(entity, {.snapshot = true}); }

 private:
  system::Blake2bHasher hasher_;
  std::unique_ptr<memory::MemoryStore> store_ =
      std::make_unique<memory::MemoryStore>(memory::Options{4096, 0});
};

}  // namespace

std::unique_ptr<StoreHarness> make_harness() { return std::make_unique<MemoryHarness>(); }

}  // namespace troupe::testing
