fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = protox::compile(["shop/inventory/v1/inventory.proto"], ["../../proto"])?;
    tonic_prost_build::configure().compile_fds(files)?;
    println!("cargo:rerun-if-changed=../../proto");
    Ok(())
}
