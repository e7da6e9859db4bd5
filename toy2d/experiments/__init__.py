"""What the 2-D pages and the command line show: plain numbers in, arrays out.  No Streamlit, no drawing."""
