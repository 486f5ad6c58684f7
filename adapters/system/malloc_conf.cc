// jemalloc reads this symbol of the executable when it begins. What has been free for a second goes
// back to the system, also from threads that are idle: a node whose runs all sleep is small.
extern "C" {
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
